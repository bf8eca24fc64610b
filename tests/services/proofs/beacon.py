"""The beacon's flaws, proved by hand."""
import time
from urllib.parse import quote

from .kit import Proofs, explodes, takes

PROOFS = Proofs()
flaw, trap = PROOFS.flaw, PROOFS.trap
A, B = {"X-Beacon-Ident": "bk_harbour_90c1d7a25e"}, {"X-Beacon-Ident": "bk_orchard_47f0e8b3d6"}


def sensor(s, **more):
    path = f"/sensors/proof-{time.monotonic_ns()}"
    s.call("PUT", path, {"label": "mine", **more}, headers=A)
    return path


@flaw("language-raw")
def _(s):
    return "X-Mine" in s.get("/sensors/pump-7/export?lang=en%0d%0aX-Mine:%20yes", headers=A).headers


@flaw("readings-flood")
def _(s):
    path = sensor(s) + "/readings"
    return 429 not in [s.post(path, {"readings": []}, headers=A).status for _ in range(35)]


@flaw("left-in-root")
def _(s):
    return "SECRET_KEY" in s.get("/.env").text and "INSERT" in s.get("/backup.sql").text


@flaw("private-readings")
def _(s):
    return s.get("/sensors/pump-7/readings", headers=B).status == 200


@flaw("sensor-change")
def _(s):
    path = sensor(s)
    s.call("PUT", path, {"label": "theirs"}, headers=B)
    return s.get(path, headers=A).json["label"] == "theirs"


@flaw("sensor-delete")
def _(s):
    path = sensor(s)
    s.call("DELETE", path, headers=B)
    return s.get(path, headers=A).status == 410


@flaw("invoice-read")
def _(s):
    return s.get("/invoices/1", headers=B).status == 200


@flaw("level-sql")
def _(s):
    yes, no = (len(s.get("/alerts?min_level=" + quote(f"1 and 1={n}"), headers=A).json) for n in (1, 2))
    return yes == 5 and no == 0


@flaw("field-sql")
def _(s):
    return "SQL logic error" in s.get("/sensors/pump-7/mean?field=value%27", headers=A).text


@flaw("name-clock")
def _(s):
    def wait(n):
        return s.get("/names/" + quote(f"x' or sleep({n})-- "))
    return takes(lambda: wait(0.3), lambda: wait(0), 0.8)


@flaw("any-key")
def _(s):
    return s.get("/alerts", headers={"X-Beacon-Ident": "bk_harbour_x"}).status == 200


@flaw("account-delete")
def _(s):
    s.post("/accounts", {"name": "short-lived"})
    s.call("DELETE", "/accounts/short-lived", headers=B)
    return s.get("/accounts/short-lived", headers=B).status == 404


@flaw("owner-key")
def _(s):
    return A["X-Beacon-Ident"] in s.get("/sensors/quay-wind", headers=B).text


@flaw("owner-assign")
def _(s):
    return s.get(sensor(s, verified=1), headers=A).json["verified"] is True


@flaw("readings-max")
def _(s):
    return len(s.get("/sensors/quay-wind/readings?max=100000", headers=A).json["readings"]) == 300


@flaw("key-in-refusal")
def _(s):
    return "key-of-mine" in s.get("/alerts", headers={"X-Beacon-Ident": "key-of-mine"}).text


@flaw("slow-unit")
def _(s):
    path = sensor(s)
    return explodes(lambda n: s.call("PUT", path, {"unit": "a" * n + "!"}, headers=A))


@flaw("big-batch")
def _(s):
    path = sensor(s) + "/readings"
    return s.post(path, {"readings": [{"at": "2024-06-01T00:00Z", "value": 1}] * 20000}, headers=A).status == 201


@trap("public-sensors")
def _(s):
    return s.get("/sensors/quay-wind/readings", headers=A).text == s.get("/sensors/quay-wind/readings", headers=B).text


@trap("star-origin")
def _(s):
    got = s.get("/status", headers={"Origin": "https://evil.example"}).headers
    return got["Access-Control-Allow-Origin"] == "*" and "Access-Control-Allow-Credentials" not in got


@trap("page-token")
def _(s):
    first = s.get("/sensors/quay-wind/readings?max=2", headers=A).json
    return first["token"] == first["readings"][-1]["id"] and s.get(f"/sensors/quay-wind/readings?token={first['token']}", headers=B).status == 200


@trap("gone-410")
def _(s):
    path = sensor(s)
    s.call("DELETE", path, headers=A)
    return s.get(path, headers=A).status == 410


@trap("put-twice")
def _(s):
    path = f"/sensors/twice-{time.monotonic_ns()}"
    return [s.call("PUT", path, {"label": "x"}, headers=A).status for _ in range(2)] == [201, 200]


@trap("odd-number-500")
def _(s):
    got = s.get("/sensors/quay-wind/readings?max=many", headers=A)
    return got.status == 500 and got.json == {"title": "Internal error", "status": 500}


@trap("slow-forecast")
def _(s):
    return 1.4 < s.get("/forecast?place=%27", headers=A).seconds < 6


@trap("names-as-ids")
def _(s):
    return s.get("/accounts/harbour", headers=B).json == {"name": "harbour"}


@trap("shape-only")
def _(s):
    return s.get("/names/harbour").text == s.get("/names/nobody-here").text


@trap("bad-level")
def _(s):
    return s.get("/alerts?min_level=3", headers=A).json[0]["level"] == 3
