-- The load for wrk: every request carries the next of the tokens in the file that WRK_TOKENS names.
-- Requests are made beforehand, so that the load costs the same for every peer.

local requests = {}
local at = 0

function init()
    for token in io.lines(os.getenv("WRK_TOKENS")) do
        local headers = { Authorization = "Bearer " .. token, Host = wrk.headers["Host"] }
        requests[#requests + 1] = wrk.format("GET", nil, headers)
    end
end

function request()
    at = at % #requests + 1
    return requests[at]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '\nresult {"requests":%d,"microseconds":%d,"refused":%d,"failed":%d,"p50":%d,"p99":%d}\n',
        summary.requests, summary.duration, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
