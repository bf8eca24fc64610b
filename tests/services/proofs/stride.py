"""Stride's flaws, proved by hand."""
import time

from .kit import Proofs, Witness, claims, explodes, hs256, signed_with, takes, unsigned

PROOFS = Proofs()
flaw, trap = PROOFS.flaw, PROOFS.trap
A, B, OPS = ("lena.ruder@stride.example", "Sunrise-Kilometer-10"), ("tom.fiedler@stride.example", "Intervals&Oatmeal-7"), ("ops@stride.example", "Heart!Rate!Zone!4")
RUN = {"title": "Proof run", "sport": "run", "distanceM": 1000, "durationSec": 300}


def login(s, who=A):
    return s.post("/api/auth/login", {"email": who[0], "password": who[1]}).json


def pair(s, who=A):
    return s.keep(who, lambda: login(s, who))


def tok(s, who=A):
    return pair(s, who)["accessToken"]


def home(s, who=A):
    return "/api/members/" + pair(s, who)["memberId"]


def workout(s, who=A, **more):
    made = s.post(home(s, who) + "/workouts", {**RUN, **more}, token=tok(s, who)).json
    return f"{home(s, who)}/workouts/{made['workoutId']}"


def lap(s, path, who=A):
    return s.post(path + "/laps", {"distanceM": 400, "durationSec": 90}, token=tok(s, who)).json["lapId"]


@flaw("private-workout")
def _(s):
    return s.get(workout(s), token=tok(s, B)).status == 200


@flaw("lap-elsewhere")
def _(s):
    theirs, own = workout(s), workout(s, B)
    s.call("PATCH", f"{own}/laps/{lap(s, theirs)}", {"heartRate": 222}, token=tok(s, B))
    return s.get(theirs + "/laps", token=tok(s)).json[0]["heartRate"] == 222


@flaw("workout-drop")
def _(s):
    path = workout(s)
    s.call("DELETE", path, token=tok(s, B))
    return s.get(path, token=tok(s)).status == 410


@flaw("export-any")
def _(s):
    ident = s.post("/api/exports", {"format": "json"}, token=tok(s)).json["exportId"]
    assert s.get("/api/exports/" + ident, token=tok(s)).status == 200
    return "workouts" in s.get("/api/exports/" + ident, token=tok(s, B)).json.get("content", {})


@flaw("profile-tier")
def _(s):
    s.call("PATCH", "/api/me", {"tier": "pro", "role": "coach"}, token=tok(s))
    got = s.get("/api/me", token=tok(s)).json
    s.call("PATCH", "/api/me", {"tier": "plus", "role": "member"}, token=tok(s))
    return got["tier"] == "pro" and got["role"] == "coach"


@flaw("workout-verified")
def _(s):
    path = workout(s)
    s.call("PUT", path, {**RUN, "verified": True, "kudosCount": 900}, token=tok(s))
    got = s.get(path, token=tok(s)).json
    return got["verified"] is True and got["kudosCount"] == 900


@flaw("card-details")
def _(s):
    return "digest" in s.get("/api/members", token=tok(s)).text


@flaw("admin-open")
def _(s):
    read = s.get("/api/admin/members", token=tok(s)).status
    done = s.call("PUT", f"/api/admin/members/{pair(s, B)['memberId']}/suspension", {"suspended": False}, token=tok(s)).status
    assert read == done
    return read == 200


@flaw("measurements-open")
def _(s):
    return "weightKg" in s.get(home(s) + "/measurements").text


@flaw("none-alg")
def _(s):
    return s.get("/api/me", token=unsigned(claims(tok(s)))).status == 200


@flaw("sample-secret")
def _(s):
    return signed_with("your-256-bit-secret", tok(s))


@flaw("exp-unchecked")
def _(s):
    old = {**claims(tok(s)), "exp": int(time.time()) - 90}
    return s.get("/api/me", token=hs256(old, "your-256-bit-secret")).status == 200


@flaw("avatar-fetch")
def _(s):
    with Witness() as w:
        s.post("/api/me/avatar/import", {"url": w.url + "/face.png"}, token=tok(s))
        return w.paths == ["/face.png"]


@flaw("share-operators")
def _(s):
    got = s.post("/api/plans/redeem", {"shareCode": {"$ne": ""}}, token=tok(s))
    return got.status == 200 and bool(got.json["planId"])


@flaw("parse-redos")
def _(s):
    return explodes(lambda n: s.post("/api/plans/parse", {"text": "a" * n + "!"}, token=tok(s)))


@flaw("reset-guess")
def _(s):
    return 429 not in [s.post("/api/auth/password/reset", {"email": "nobody@x.example", "code": f"{n:06}", "newPassword": "long-enough-1"}).status for n in range(8)]


@flaw("refresh-twice")
def _(s):
    old = login(s)["refreshToken"]
    return [s.post("/api/auth/refresh", {"refreshToken": old}).status for _ in range(2)] == [200, 200]


@flaw("logout-keeps")
def _(s):
    got = login(s)
    assert s.post("/api/auth/logout", token=got["accessToken"]).status == 204
    alive = s.get("/api/me", token=got["accessToken"]).status == 200
    assert alive == (s.post("/api/auth/refresh", {"refreshToken": got["refreshToken"]}).status == 200)
    return alive


@flaw("return-anywhere")
def _(s):
    return s.get("/api/integrations/garmin/return?next=https://evil.example/x").headers["Location"] == "https://evil.example/x"


@flaw("login-unlimited")
def _(s):
    return 429 not in [s.post("/api/auth/login", {"email": "nobody@x.example", "password": "x"}).status for _ in range(13)]


@trap("friends-see")
def _(s):
    path = workout(s, visibility="friends")
    return s.get(path, token=tok(s, B)).status == s.get(path, token=tok(s)).status == 200 and s.get(path, token=tok(s, OPS)).status in (404, 200)


@trap("coach-address")
def _(s):
    got = s.get("/api/members?search=mara", token=tok(s)).json["items"][0]
    return got["contactEmail"] == "hello@coachmara.example" and s.get(home(s), token=tok(s, B)).json["contactEmail"] is None


@trap("both-captains")
def _(s):
    s.call("PATCH", "/api/teams/canal-crew", {"goalKm": 501}, token=tok(s, B))
    got = s.get("/api/teams/canal-crew", token=tok(s))
    return got.json["goalKm"] == 501 and s.get("/api/teams/canal-crew", token=tok(s, OPS)).status == 404


@trap("public-challenges")
def _(s):
    got = s.get("/api/challenges")
    return got.headers["Access-Control-Allow-Origin"] == "*" and s.get("/api/challenges/sept-100/leaderboard").status == 200


@trap("slow-insights")
def _(s):
    return not takes(lambda: s.get("/api/me/insights?x=a'", token=tok(s)), lambda: s.get("/api/me/insights", token=tok(s)), 1) and s.get("/api/me/insights", token=tok(s)).seconds > 1


@trap("no-such-friend")
def _(s):
    got = s.post("/api/friend-requests", {"memberId": "nobody"}, token=tok(s))
    return got.status == 200 and got.json["ok"] is False


@trap("protected-ignored")
def _(s):
    me = pair(s)["memberId"]
    got = s.call("PATCH", "/api/me", {"memberId": "x", "email": "x@x.example", "city": "Bremen"}, token=tok(s))
    return got.status == 200 and got.json["memberId"] == me and got.json["email"] == A[0]


@trap("deleted-410")
def _(s):
    path = workout(s)
    s.call("DELETE", path, token=tok(s))
    return s.get(path, token=tok(s)).status == 410 and s.get(path, token=tok(s, B)).status == 404


@trap("always-accepted")
def _(s):
    return [s.post("/api/auth/password/forgot", {"email": e}).text for e in (B[0], "nobody@x.example")] == ['{"accepted": true}'] * 2


@trap("import-refused-200")
def _(s):
    got = s.post("/api/me/avatar/import", {"url": "ftp://127.0.0.1/x"}, token=tok(s))
    return got.status == 200 and got.json["ok"] is False


@trap("echoed-steps")
def _(s):
    return s.post("/api/plans/parse", {"text": "5x1000m @4:30"}, token=tok(s)).json["steps"] == ["5x1000m", "@4:30"]
