-- The gateway's job in nginx: who calls, may they, how often, and with which credential it goes on.
--
-- One shared dictionary maps the SHA-256 of a token to "grant|end|limit|operations", where operations is
-- a list of "METHOD /prefix" between commas; another counts calls per grant and minute.

local ffi = require("ffi")
ffi.cdef([[unsigned char *SHA256(const unsigned char *d, size_t n, unsigned char *md);]])

local gate = {}
local digest = ffi.new("unsigned char[32]")
local credential
-- What the dictionary's text means, parsed once per worker and only trusted while the text is the same.
local parsed = {}

local function sha256(text)
    ffi.C.SHA256(text, #text, digest)
    return ffi.string(digest, 32)
end

-- Each line of the file is a token, a tab and its grant, as described above.
function gate.load(path, vendor_credential)
    credential = vendor_credential
    local grants = ngx.shared.grants
    for line in io.lines(path) do
        local token, grant = line:match("^(%S+)\t(.+)$")
        assert(grants:safe_set(sha256(token), grant))
    end
end

local function parse(text)
    local known = parsed[text]
    if known then
        return known
    end
    local id, ending, limit, operations = text:match("^([^|]+)|(%d+)|(%d+)|(.+)$")
    known = { id = id, ending = tonumber(ending), limit = tonumber(limit), prefixes = {} }
    for method, prefix in operations:gmatch("(%u+) ([^,]+)") do
        known.prefixes[#known.prefixes + 1] = { method, prefix, method .. " " .. prefix }
    end
    parsed[text] = known
    return known
end

local function operation_of(grant, method, path)
    for _, rule in ipairs(grant.prefixes) do
        if rule[1] == method and path:sub(1, #rule[2]) == rule[2] then
            return rule[3]
        end
    end
end

local function refuse(status, code)
    ngx.status = status
    ngx.header["Content-Type"] = "application/problem+json"
    ngx.print('{"type":"about:blank","status":', status, ',"code":"', code, '"}')
    return ngx.exit(status)
end

function gate.admit()
    local var = ngx.var
    local header = var.http_authorization
    if not header or header:sub(1, 7) ~= "Bearer " then
        return refuse(401, "unknown")
    end
    local text = ngx.shared.grants:get(sha256(header:sub(8)))
    if not text then
        return refuse(401, "unknown")
    end
    local grant = parse(text)
    local now = ngx.time()
    if now >= grant.ending then
        return refuse(401, "expired")
    end
    local operation = operation_of(grant, ngx.req.get_method(), var.uri)
    if not operation then
        return refuse(403, "out-of-scope")
    end
    local window = grant.id .. "@" .. math.floor(now / 60)
    local calls = ngx.shared.windows:incr(window, 1, 0, 120)
    if calls and calls > grant.limit then
        ngx.header["Retry-After"] = 60 - now % 60
        return refuse(429, "limited")
    end
    var.grant = grant.id
    var.operation = operation
    ngx.req.set_header("Authorization", credential)
end

return gate
