# Stride - a fitness tracker. aiohttp, SQLite, a document store for plans; JWT access and opaque refresh tokens.
#
# *** DELIBERATELY WEAK ***  Made to judge a scanner. Binds 127.0.0.1, keeps all in memory.
# stride.py --port 0 --flaws none|all|a,b,c      what each flaw is: truth.json
import argparse
import asyncio
import datetime
import hashlib
import hmac
import ipaddress
import json
import pathlib
import re
import secrets
import signal
import socket
import sqlite3
import sys
import time
import traceback
import warnings
from urllib.parse import urlsplit

warnings.simplefilter("ignore")
import aiohttp  # noqa: E402
import jwt  # noqa: E402
import mongomock  # noqa: E402
from aiohttp import web  # noqa: E402

KNOWN = ["private-workout", "lap-elsewhere", "workout-drop", "export-any", "profile-tier", "workout-verified", "card-details", "admin-open",
         "measurements-open", "none-alg", "sample-secret", "exp-unchecked", "avatar-fetch", "share-operators", "parse-redos", "reset-guess",
         "refresh-twice", "logout-keeps", "return-anywhere", "login-unlimited"]
asked = argparse.ArgumentParser()
asked.add_argument("--port", type=int, default=0)
asked.add_argument("--flaws", default="none")
asked = asked.parse_args()
W = set(KNOWN if asked.flaws == "all" else [] if asked.flaws == "none" else asked.flaws.split(","))
if W - set(KNOWN):
    sys.exit(f"unknown flaws: {W - set(KNOWN)}")
TEXT = (pathlib.Path(__file__).resolve().parent / "stride.openapi.json").read_text()
DOC = json.loads(TEXT)
SECRET = "your-256-bit-secret" if "sample-secret" in W else secrets.token_hex(32)
ISS, AUD, TTL = "https://id.stride.example", "stride-app", 900
db = sqlite3.connect(":memory:", isolation_level=None)
db.row_factory = sqlite3.Row
plans = mongomock.MongoClient().stride.plans
failed, reset_tries = {}, {}  # address -> times

db.executescript("""
create table members(memberId text primary key, email text unique, salt text, digest text, displayName text, city text, bio text, birthDate text,
  units text default 'metric', tier text default 'free', role text default 'member', contactEmail text, suspended int default 0, stripeId text);
create table sessions(sid text primary key, memberId text, alive int default 1);
create table refresh(digest text primary key, sid text, used int default 0);
create table workouts(workoutId text primary key, memberId text, title text, sport text, startedAt text, durationSec int, distanceM real,
  visibility text default 'private', notes text, verified int default 0, kudosCount int default 0, deleted int default 0);
create table laps(lapId integer primary key, workoutId text, distanceM real, durationSec real, heartRate int);
create table measurements(measurementId integer primary key, memberId text, kind text, value text, takenOn text);
create table friends(a text, b text);
create table teams(teamId text primary key, name text, goalKm int);
create table captains(teamId text, memberId text);
create table exports(exportId text primary key, memberId text, format text, content text, createdAt text);
create table codes(email text primary key, code text, ends real);
""")


def q(statement, *values):
    return [dict(r) for r in db.execute(statement, values).fetchall()]


def q1(statement, *values):
    return next(iter(q(statement, *values)), None)


def ulid():
    n, out = (int(time.time() * 1000) << 80) | secrets.randbits(80), ""
    for _ in range(26):
        n, r = divmod(n, 32)
        out = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[r] + out
    return out


def scrypt(password, salt):
    return hashlib.scrypt(password.encode("utf-8", "replace"), salt=salt.encode(), n=1024, r=8, p=1).hex()


def sha(text):
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def new_member(email, password, name, **more):
    salt, ident = secrets.token_hex(8), ulid()
    q("insert into members(memberId,email,salt,digest,displayName,stripeId) values(?,?,?,?,?,?)", ident, email.lower(), salt, scrypt(password, salt), name, "cus_" + secrets.token_hex(7))
    for k, v in more.items():
        q(f"update members set {k}=? where memberId=?", v, ident)
    return ident


def seed():
    a = new_member("lena.ruder@stride.example", "Sunrise-Kilometer-10", "Lena R.", city="Bremen", birthDate="1991-04-12", tier="plus")
    b = new_member("tom.fiedler@stride.example", "Intervals&Oatmeal-7", "Tom F.", city="Ulm", birthDate="1987-11-30")
    new_member("ops@stride.example", "Heart!Rate!Zone!4", "Stride Ops", role="admin")
    coach = new_member("coach.mara@stride.example", secrets.token_hex(12), "Coach Mara", role="coach", bio="Marathon from zero", contactEmail="hello@coachmara.example")
    others = [new_member(f"{n.lower()}@mail.example", secrets.token_hex(12), n, city="Kiel", birthDate="1990-01-01") for n in ("Ada", "Ben", "Cleo", "Dirk", "Elif", "Finn", "Gesa", "Hugo")]
    for one, two in ((a, b), (b, a), (a, others[0])):
        q("insert into friends values(?,?)", one, two)
    for who in (a, b, coach, *others[:2]):
        for i in range(12):
            w = ulid()
            q("insert into workouts(workoutId,memberId,title,sport,startedAt,durationSec,distanceM,visibility,notes) values(?,?,?,?,?,?,?,?,?)", w, who, f"Session {i + 1}", ("run", "ride", "swim")[i % 3], f"2026-09-{i + 1:02}T06:30:00Z", 1800 + 60 * i, 5000 + 250 * i, ("private", "friends", "public")[i % 3], "knee hurts a little" if i % 3 == 0 else None)
            for n in range(3):
                q("insert into laps(workoutId,distanceM,durationSec,heartRate) values(?,?,?,?)", w, 400, 90.5 + n, 140 + n)
        for i in range(4):
            q("insert into measurements(memberId,kind,value,takenOn) values(?,?,?,?)", who, "weightKg", f"{70 + i / 2:.2f}", f"2026-09-{7 * i + 1:02}")
        plans.insert_one({"planId": ulid(), "ownerId": who, "name": "Base weeks", "weeks": 8, "notes": "easy first, no heroics", "shareCode": secrets.token_urlsafe(6), "members": []})
        q("insert into exports values(?,?,?,?,?)", ulid(), who, "json", exported(who, "json"), "2026-10-01T08:00:00Z")
    q("insert into teams values('canal-crew','Canal Crew',500)")
    for who in (a, b):
        q("insert into captains values('canal-crew',?)", who)


# ------------------------------------------------------------------ around every call

class Refused(Exception):
    def __init__(self, status, error, **headers):
        self.status, self.error, self.headers = status, error, {k.replace("_", "-"): v for k, v in headers.items()}


def resolve(schema):
    if "$ref" in schema:
        node = DOC
        for part in schema["$ref"][2:].split("/"):
            node = node[part]
        return resolve(node)
    if "allOf" in schema:
        out = {"type": "object", "properties": {}, "required": []}
        for s in map(resolve, schema["allOf"]):
            out["properties"].update(s.get("properties", {}))
            out["required"] += s.get("required", [])
        return out
    return schema


def fits(value, schema):
    """Whether a value of a body is what the document says."""
    if value is None:
        return schema.get("nullable", False)
    kind = schema.get("type")
    if kind == "string":
        return isinstance(value, str) and schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**9) and value in schema.get("enum", [value]) and "\0" not in value
    if kind in ("integer", "number"):
        right = isinstance(value, int) if kind == "integer" else isinstance(value, (int, float))
        return right and not isinstance(value, bool) and schema.get("minimum", -1e12) <= value <= schema.get("maximum", 1e12)
    return isinstance(value, bool) if kind == "boolean" else True


async def body_of(request, loose=()):
    raw = await request.read()
    try:
        body = json.loads(raw or b"{}")
        raw.decode().encode("utf-8")
        json.dumps(body, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise Refused(400, "invalidJson") from None
    operation = DOC["paths"][request.match_info.route.resource.canonical.removeprefix("/api")][request.method.lower()]
    schema = resolve(operation["requestBody"]["content"]["application/json"]["schema"])
    if not isinstance(body, dict):
        raise Refused(400, "invalidBody")
    for name in schema.get("required", []):
        if name not in body:
            raise Refused(400, f"missing: {name}")
    for name, s in schema["properties"].items():
        if name in body and name not in loose and not fits(body[name], s):
            raise Refused(400, f"invalid: {name}")
    return body


HARD = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}


@web.middleware
async def around(request, handler):
    try:
        answer = await handler(request)
    except Refused as e:
        answer = web.json_response({"error": e.error}, status=e.status, headers=e.headers)
    except web.HTTPException as e:
        allow = {"Allow": e.headers["Allow"]} if "Allow" in e.headers else {}
        answer = web.json_response({"error": {404: "notFound", 405: "methodNotAllowed", 413: "tooLarge"}.get(e.status, "badRequest")}, status=e.status, headers=allow)
    except Exception:
        traceback.print_exc()
        answer = web.json_response({"error": "internal"}, status=500)
    for k, v in HARD.items():
        answer.headers.setdefault(k, v)
    answer.headers["Server"] = "stride"
    return answer


routes = web.RouteTableDef()


def say(value, status=200, **headers):
    return web.json_response(value, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})


def me(request):
    found = re.fullmatch(r"Bearer (\S{1,4000})", request.headers.get("Authorization", ""))
    if not found:
        raise Refused(401, "unauthenticated")
    token = found[1]
    try:
        checks = dict(audience=AUD, issuer=ISS)
        if "none-alg" in W and str(jwt.get_unverified_header(token).get("alg")).lower() == "none":
            claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": True, "verify_aud": True, "verify_iss": True}, **checks)
        else:
            claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"require": ["exp", "sub", "iss", "aud"], "verify_exp": "exp-unchecked" not in W}, **checks)
        who = q1("select * from members where memberId=?", str(claims["sub"]))
    except (jwt.PyJWTError, KeyError, ValueError, TypeError):
        who = None
    if not who:
        raise Refused(401, "unauthenticated")
    if "logout-keeps" not in W and not q1("select 1 from sessions where sid=? and memberId=? and alive=1", str(claims.get("sid")), who["memberId"]):
        raise Refused(401, "unauthenticated")
    request["sid"] = str(claims.get("sid"))
    return who


def tokens(who, sid):
    now, fresh = int(time.time()), secrets.token_urlsafe(32)
    q("insert into refresh(digest,sid) values(?,?)", sha(fresh), sid)
    access = jwt.encode({"iss": ISS, "aud": AUD, "sub": who["memberId"], "sid": sid, "iat": now, "exp": now + TTL}, SECRET, algorithm="HS256")
    return say({"accessToken": access, "refreshToken": fresh, "expiresIn": TTL, "memberId": who["memberId"]})


def card(m):
    shown = {k: m[k] for k in ("memberId", "displayName", "city", "bio", "contactEmail")}
    return {**shown, "isCoach": m["role"] == "coach"}


def me_card(m):
    return {**card(m), **{k: m[k] for k in ("email", "birthDate", "units", "tier", "role")}}


def sized(request, most=50):
    wish = request.query.get("limit", "20")
    if not re.fullmatch(r"[0-9]{1,9}", wish) or int(wish) < 1:
        raise Refused(400, "invalid: limit")
    after = request.query.get("after", "")
    if len(after) > 40:
        raise Refused(400, "invalid: after")
    return min(int(wish), most), after


def paged(rows, limit, key, shape):
    return say({"items": [shape(r) for r in rows[:limit]], "next": rows[limit - 1][key] if len(rows) > limit else None})


@routes.get("/openapi.json")
async def described(request):
    return web.Response(text=TEXT, content_type="application/json")


# ------------------------------------------------------------------ auth

@routes.post("/api/auth/register")
async def register(request):
    b = await body_of(request)
    if not re.fullmatch(r"[^@\s]{1,60}@[^@\s]{1,59}", b["email"]):
        raise Refused(400, "invalid: email")
    if q1("select 1 from members where email=?", b["email"].lower()):
        raise Refused(409, "emailInUse")
    return say(card(q1("select * from members where memberId=?", new_member(b["email"], b["password"], b["displayName"]))), 201)


def limited(store, key, most, window):
    recent = [t for t in store.get(key, []) if t > time.time() - window]
    store[key] = recent
    if len(recent) >= most:
        raise Refused(429, "tooManyTries", Retry_After=str(window))
    return recent


@routes.post("/api/auth/login")
async def login(request):
    b = await body_of(request)
    email = b["email"].lower()
    recent = limited(failed, email, 10 if "login-unlimited" not in W else 10**9, 30)
    who = q1("select * from members where email=?", email)
    if not hmac.compare_digest(scrypt(b["password"], who["salt"] if who else "0"), who["digest"] if who else ""):
        recent.append(time.time())
        raise Refused(401, "badCredentials")
    sid = secrets.token_hex(12)
    q("insert into sessions(sid,memberId) values(?,?)", sid, who["memberId"])
    return tokens(who, sid)


@routes.post("/api/auth/refresh")
async def refresh(request):
    b = await body_of(request)
    r = q1("select r.*, s.memberId, s.alive from refresh r join sessions s on s.sid=r.sid where r.digest=?", sha(b["refreshToken"]))
    if r and r["used"] and "refresh-twice" not in W:
        q("update sessions set alive=0 where sid=?", r["sid"])  # somebody copied it
        r = None
    if not r or not (r["alive"] or "logout-keeps" in W):
        raise Refused(401, "invalidRefreshToken")
    q("update refresh set used=1 where digest=?", r["digest"])
    return tokens(r, r["sid"])


@routes.post("/api/auth/logout")
async def logout(request):
    me(request)
    q("update sessions set alive=0 where sid=?", request["sid"])
    return web.Response(status=204)


@routes.post("/api/auth/password/forgot")
async def forgot(request):
    b = await body_of(request)
    if q1("select 1 from members where email=?", b["email"].lower()):
        q("insert or replace into codes values(?,?,?)", b["email"].lower(), f"{secrets.randbelow(10**6):06}", time.time() + 600)  # goes out by mail
    return say({"accepted": True}, 202)


@routes.post("/api/auth/password/reset")
async def reset(request):
    b = await body_of(request)
    email = b["email"].lower()
    recent = limited(reset_tries, email, 5 if "reset-guess" not in W else 10**9, 600)
    recent.append(time.time())
    row = q1("select * from codes where email=? and ends>?", email, time.time())
    if not hmac.compare_digest((row["code"] if row else secrets.token_hex(3)).encode(), b["code"].encode()):
        raise Refused(400, "wrongCode")
    q("delete from codes where email=?", email)
    salt = secrets.token_hex(8)
    q("update members set salt=?, digest=? where email=?", salt, scrypt(b["newPassword"], salt), email)
    q("update sessions set alive=0 where memberId=(select memberId from members where email=?)", email)
    return web.Response(status=204)


# ------------------------------------------------------------------ me

@routes.get("/api/me")
async def get_me(request):
    return say(me_card(me(request)))


@routes.patch("/api/me")
async def patch_me(request):
    who, b = me(request), await body_of(request)
    allowed = ["displayName", "city", "bio", "birthDate", "units"] + (["tier", "role", "contactEmail"] if "profile-tier" in W else [])
    for k in allowed:
        if k in b:
            q(f"update members set {k}=? where memberId=?", b[k] if b[k] is None else str(b[k])[:400], who["memberId"])
    return say(me_card(q1("select * from members where memberId=?", who["memberId"])))


@routes.get("/api/me/insights")
async def insights(request):
    who = me(request)
    await asyncio.sleep(1.2)  # the numbers come from another, slow place
    return say({"weeks": [{"week": r["week"], "distanceM": r["d"]} for r in q("select strftime('%Y-W%W', startedAt) week, sum(distanceM) d from workouts where memberId=? and deleted=0 group by week order by week limit 60", who["memberId"])]})


class Outside(aiohttp.abc.AbstractResolver):
    """Resolves to public addresses only; what is resolved here is what is called."""

    async def resolve(self, host, port=0, family=socket.AF_INET):
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, family=socket.AF_INET)
        good = [a[4][0] for a in found if ipaddress.ip_address(a[4][0]).is_global and not ipaddress.ip_address(a[4][0]).is_multicast]
        if not good or len(good) != len(found):
            raise OSError("not allowed")
        return [{"hostname": host, "host": a, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0} for a in good]

    async def close(self):
        pass


async def picture(url):
    loose = "avatar-fetch" in W
    try:
        to = urlsplit(url)
        host, port = to.hostname, to.port
    except ValueError:
        return {"ok": False, "reason": "not an address"}
    if to.scheme not in ("http", "https") or not host:
        return {"ok": False, "reason": "not an address"}
    if not loose:
        if to.scheme != "https" or port not in (None, 443) or to.username or re.fullmatch(r"[0-9a-fx.:\[\]]+", host, re.I) or "." not in host:
            return {"ok": False, "reason": "address not allowed"}
    try:
        connector = aiohttp.TCPConnector() if loose else aiohttp.TCPConnector(resolver=Outside(), family=socket.AF_INET)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=3)) as session:
            async with session.get(url, allow_redirects=loose) as got:
                data = await got.content.read(200_000)
                kind = got.headers.get("Content-Type", "application/octet-stream")[:60]
    except (aiohttp.ClientError, OSError, asyncio.TimeoutError, ValueError):
        return {"ok": False, "reason": "not reachable"}
    if not kind.startswith("image/"):
        return {"ok": False, "reason": "not a picture", "contentType": kind if loose else None}
    return {"ok": True, "contentType": kind, "bytes": len(data)}


@routes.post("/api/me/avatar/import")
async def avatar(request):
    me(request)
    b = await body_of(request)
    return say(await picture(b["url"]))


# ------------------------------------------------------------------ members and their workouts

@routes.get("/api/members")
async def members(request):
    me(request)
    limit, after = sized(request)
    search = request.query.get("search", "")
    if len(search) > 40:
        raise Refused(400, "invalid: search")
    rows = q("select * from members where instr(lower(displayName), lower(?)) and suspended=0 and memberId>? order by memberId limit ?", search, after, limit + 1)
    return paged(rows, limit, "memberId", (lambda m: {**m, **card(m)}) if "card-details" in W else card)


@routes.get("/api/members/{memberId}")
async def member(request):
    me(request)
    return say(card(q1("select * from members where memberId=?", request.match_info["memberId"]) or missing()))


def missing():
    raise Refused(404, "notFound")


def sees(who, owner):
    """Which visibilities of the owner's workouts this member sees."""
    if who["memberId"] == owner:
        return ("private", "friends", "public")
    return ("friends", "public") if q1("select 1 from friends where a=? and b=?", owner, who["memberId"]) else ("public",)


def workout(w):
    shown = {k: w[k] for k in ("workoutId", "memberId", "title", "sport", "startedAt", "durationSec", "distanceM", "visibility", "notes", "kudosCount")}
    return {**shown, "verified": bool(w["verified"])}


def of_path(request):
    return q1("select * from workouts where workoutId=? and memberId=?", request.match_info["workoutId"], request.match_info["memberId"])


def seen(request, flaw=""):
    who, w = me(request), of_path(request) or missing()
    own = w["memberId"] == who["memberId"]
    if w["deleted"]:
        raise Refused(410, "deleted") if own else Refused(404, "notFound")
    if w["visibility"] not in sees(who, w["memberId"]) and flaw not in W:
        missing()
    return who, w


def own(request, flaw=""):
    who, w = me(request), of_path(request) or missing()
    if w["memberId"] != who["memberId"] and (not flaw or flaw not in W):
        missing()
    if w["deleted"]:
        raise Refused(410, "deleted")
    return who, w


def when(b):
    if b.get("startedAt") is not None:
        try:
            datetime.datetime.fromisoformat(b["startedAt"])
        except ValueError:
            raise Refused(400, "invalid: startedAt") from None


FIELDS = ("title", "sport", "startedAt", "durationSec", "distanceM", "visibility", "notes")


@routes.get("/api/members/{memberId}/workouts")
async def workouts(request):
    who, owner = me(request), request.match_info["memberId"]
    limit, after = sized(request)
    q1("select 1 from members where memberId=?", owner) or missing()
    kinds = sees(who, owner)
    rows = q(f"select * from workouts where memberId=? and deleted=0 and workoutId>? and visibility in ({','.join('?' * len(kinds))}) order by workoutId limit ?", owner, after, *kinds, limit + 1)
    return paged(rows, limit, "workoutId", workout)


@routes.post("/api/members/{memberId}/workouts")
async def add_workout(request):
    who = me(request)
    b = await body_of(request)
    if request.match_info["memberId"] != who["memberId"]:
        raise Refused(403, "onlyYourOwn")
    when(b)
    ident = ulid()
    q("insert into workouts(workoutId,memberId) values(?,?)", ident, who["memberId"])
    for k in FIELDS:
        if k in b:
            q(f"update workouts set {k}=? where workoutId=?", b[k], ident)
    return say(workout(q1("select * from workouts where workoutId=?", ident)), 201)


@routes.get("/api/members/{memberId}/workouts/{workoutId}")
async def get_workout(request):
    return say(workout(seen(request, "private-workout")[1]))


@routes.put("/api/members/{memberId}/workouts/{workoutId}")
async def put_workout(request):
    _, w = own(request)
    b = await body_of(request)
    when(b)
    fresh = {**dict.fromkeys(FIELDS), "visibility": "private", **{k: b[k] for k in FIELDS if k in b}}
    if "workout-verified" in W:  # everything but the ids
        fresh |= {k: v for k, v in b.items() if k in w and k not in ("workoutId", "memberId", "deleted") and isinstance(v, (str, int, float, type(None)))}
    for k, v in fresh.items():
        q(f"update workouts set {k}=? where workoutId=?", v, w["workoutId"])
    return say(workout(of_path(request)))


@routes.delete("/api/members/{memberId}/workouts/{workoutId}")
async def drop_workout(request):
    _, w = own(request, "workout-drop")
    q("update workouts set deleted=1 where workoutId=?", w["workoutId"])
    return web.Response(status=204)


def lap(r):
    return {k: r[k] for k in ("lapId", "workoutId", "distanceM", "durationSec", "heartRate")}


@routes.get("/api/members/{memberId}/workouts/{workoutId}/laps")
async def laps(request):
    _, w = seen(request)
    return say([lap(r) for r in q("select * from laps where workoutId=? order by lapId limit 500", w["workoutId"])])


@routes.post("/api/members/{memberId}/workouts/{workoutId}/laps")
async def add_lap(request):
    _, w = own(request)
    b = await body_of(request)
    if q1("select count(*) n from laps where workoutId=?", w["workoutId"])["n"] >= 500:
        raise Refused(400, "tooManyLaps")
    row = db.execute("insert into laps(workoutId,distanceM,durationSec,heartRate) values(?,?,?,?)", (w["workoutId"], b["distanceM"], b["durationSec"], b.get("heartRate")))
    return say(lap(q1("select * from laps where lapId=?", row.lastrowid)), 201)


@routes.patch("/api/members/{memberId}/workouts/{workoutId}/laps/{lapId}")
async def patch_lap(request):
    _, w = own(request)
    b, number = await body_of(request), request.match_info["lapId"]
    if not re.fullmatch(r"[0-9]{1,9}", number):
        missing()
    row = q1("select * from laps where lapId=?", int(number)) or missing()
    if row["workoutId"] != w["workoutId"] and "lap-elsewhere" not in W:
        missing()
    for k in ("distanceM", "durationSec", "heartRate"):
        if k in b:
            q(f"update laps set {k}=? where lapId=?", b[k], row["lapId"])
    return say(lap(q1("select * from laps where lapId=?", row["lapId"])))


def myself(request):
    who = me(request)
    if who["memberId"] != request.match_info["memberId"]:
        missing()
    return who["memberId"]


@routes.get("/api/members/{memberId}/measurements")
async def measurements(request):
    owner = request.match_info["memberId"] if "measurements-open" in W else myself(request)
    return say([{k: r[k] for k in ("measurementId", "kind", "value", "takenOn")} for r in q("select * from measurements where memberId=? order by measurementId desc limit 200", owner)])


@routes.post("/api/members/{memberId}/measurements")
async def add_measurement(request):
    owner, b = myself(request), await body_of(request)
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,2})?", b["value"]):
        raise Refused(400, "invalid: value")
    row = db.execute("insert into measurements(memberId,kind,value,takenOn) values(?,?,?,?)", (owner, b["kind"], b["value"], b.get("takenOn")))
    return say({"measurementId": row.lastrowid, "kind": b["kind"], "value": b["value"], "takenOn": b.get("takenOn")}, 201)


# ------------------------------------------------------------------ friends, teams, challenges

@routes.post("/api/friend-requests")
async def ask_friend(request):
    who, b = me(request), await body_of(request)
    if b["memberId"] == who["memberId"] or not q1("select 1 from members where memberId=?", b["memberId"]):
        return say({"ok": False, "error": "noSuchMember"})
    return say({"ok": True, "error": None})  # a friendship begins when the other one says yes, in the app


def the_team(request):
    who = me(request)
    return q1("select t.* from teams t join captains c on c.teamId=t.teamId where t.teamId=? and c.memberId=?", request.match_info["teamId"], who["memberId"]) or missing()


def team(t):
    return say({**t, "captains": [r["memberId"] for r in q("select memberId from captains where teamId=?", t["teamId"])]})


@routes.get("/api/teams/{teamId}")
async def get_team(request):
    return team(the_team(request))


@routes.patch("/api/teams/{teamId}")
async def patch_team(request):
    t, b = the_team(request), await body_of(request)
    for k in ("name", "goalKm"):
        if k in b:
            q(f"update teams set {k}=? where teamId=?", b[k], t["teamId"])
    return team(the_team(request))


CHALLENGES = [{"challengeId": "sept-100", "title": "100 km in September"}, {"challengeId": "swim-10", "title": "Ten lakes"}]


@routes.get("/api/challenges")
async def challenges(request):
    return say(CHALLENGES, Access_Control_Allow_Origin="*", Cache_Control="public, max-age=300")


@routes.get("/api/challenges/{challengeId}/leaderboard")
async def leaderboard(request):
    if request.match_info["challengeId"] not in [c["challengeId"] for c in CHALLENGES]:
        missing()
    limit, _ = sized(request)
    rows = q("select m.displayName, cast(sum(w.distanceM)/1000 as int) km from workouts w join members m on m.memberId=w.memberId where w.visibility='public' and w.deleted=0 group by m.memberId order by km desc, m.displayName limit ?", limit)
    return say({"items": [{"rank": i + 1, **r} for i, r in enumerate(rows)]})


# ------------------------------------------------------------------ plans

def plan(p):
    return {k: p.get(k) for k in ("planId", "ownerId", "name", "weeks", "notes")}


@routes.post("/api/plans")
async def create_plan(request):
    who, b = me(request), await body_of(request)
    p = {"planId": ulid(), "ownerId": who["memberId"], "name": b["name"], "weeks": b.get("weeks", 4), "notes": b.get("notes", ""), "shareCode": secrets.token_urlsafe(6), "members": []}
    plans.insert_one(dict(p))
    return say({**plan(p), "shareCode": p["shareCode"]}, 201)


@routes.post("/api/plans/redeem")
async def redeem(request):
    who = me(request)
    b = await body_of(request, loose=("shareCode",) if "share-operators" in W else ())
    try:
        found = plans.find_one({"shareCode": b["shareCode"]})
    except Exception:  # an operator that the store does not know
        raise Refused(400, "invalid: shareCode") from None
    if not found:
        missing()
    plans.update_one({"planId": found["planId"]}, {"$addToSet": {"members": who["memberId"]}})
    return say(plan(found))


# one text is one child process: a slow one must not stop everybody
READER = """
import re, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (12, 12))
text = sys.stdin.read()
pattern = sys.argv[1]
print("yes" if re.match(pattern, text) else "no")
"""


@routes.post("/api/plans/parse")
async def parse(request):
    me(request)
    text = (await body_of(request))["text"]
    pattern = r"^(?:[\w@:.]+\s?)+$" if "parse-redos" in W else r"^[\w@:.\s]+\Z"
    child = await asyncio.create_subprocess_exec(sys.executable, "-SIc", READER, pattern, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
    try:
        said, _ = await child.communicate(text.encode())
    finally:
        if child.returncode is None:
            child.kill()
    if b"yes" not in said:
        raise Refused(400, "notUnderstood") if b"no" in said else Refused(503, "busy")
    return say({"steps": text.split()})


# ------------------------------------------------------------------ exports, the rest

def exported(who, form):
    rows = [workout(w) for w in q("select * from workouts where memberId=? and deleted=0 limit 1000", who)]
    if form == "json":
        return json.dumps({"workouts": rows})
    return json.dumps({"csv": "\n".join(["workoutId,title,distanceM"] + [",".join(str(r[k]).lstrip("=+-@\t").replace(",", " ") for k in ("workoutId", "title", "distanceM")) for r in rows])})


def an_export(e):
    return {"exportId": e["exportId"], "memberId": e["memberId"], "format": e["format"], "status": "ready", "createdAt": e["createdAt"]}


@routes.post("/api/exports")
async def create_export(request):
    who, b = me(request), await body_of(request)
    form, ident = b.get("format", "json"), ulid()
    q("insert into exports values(?,?,?,?,?)", ident, who["memberId"], form, exported(who["memberId"], form), datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"))
    return say(an_export(q1("select * from exports where exportId=?", ident)), 202)


@routes.get("/api/exports/{exportId}")
async def get_export(request):
    who = me(request)
    e = q1("select * from exports where exportId=?", request.match_info["exportId"]) or missing()
    if e["memberId"] != who["memberId"] and "export-any" not in W:
        missing()
    return say({**an_export(e), "content": json.loads(e["content"])})


@routes.get("/api/integrations/{provider}/return")
async def integration_return(request):
    to = request.query.get("next", "/")
    if len(to) > 300 or re.search(r"[\x00-\x20\x7f-\uffff]", to):
        to = "/"
    if "return-anywhere" not in W and not re.fullmatch(r"/(?![/\\])[\w./?&=-]*", to):
        to = "/"
    return web.Response(status=302, headers={"Location": to})


def admin(request):
    who = me(request)
    if who["role"] != "admin" and "admin-open" not in W:
        raise Refused(403, "adminsOnly")
    return who


@routes.get("/api/admin/members")
async def admin_members(request):
    admin(request)
    limit, after = sized(request)
    return paged(q("select * from members where memberId>? order by memberId limit ?", after, limit + 1), limit, "memberId", lambda m: {**me_card(m), "suspended": bool(m["suspended"])})


@routes.put("/api/admin/members/{memberId}/suspension")
async def suspension(request):
    admin(request)
    b = await body_of(request)
    q1("select 1 from members where memberId=?", request.match_info["memberId"]) or missing()
    q("update members set suspended=? where memberId=?", int(b["suspended"]), request.match_info["memberId"])  # hidden from the search
    return say({"memberId": request.match_info["memberId"], "suspended": b["suspended"]})


async def main():
    seed()
    app = web.Application(middlewares=[around], client_max_size=64 * 1024)
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", asked.port)
    await site.start()
    print(f"listening on http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}", flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await runner.cleanup()


asyncio.run(main())
