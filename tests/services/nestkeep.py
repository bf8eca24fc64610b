# Nestkeep - homes, the devices in them, and who may use them. Tornado, a document store with Mongo's queries (mongomock), lxml.
#
# *** DELIBERATELY WEAK ***  A practice target for the scanner. Binds 127.0.0.1, keeps all in memory and one temporary folder.
# nestkeep.py --port 0 --flaws none|all|a,b,c      what each flaw is: truth.json
import asyncio
import hashlib
import hmac
import json
import logging
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mongomock
import tornado.httpserver
import tornado.netutil
import tornado.web
from lxml import etree

KNOWN = """home-read command-read home-change command-send device-unclaim share-revoke admin-users admin-block register-admin home-set-all
devices-secrets logs-open shares-open query-operators claim-operators claim-again digest-shell firmware-up scene-entities refresh-again
logout-keeps login-tells login-free slow-code left-open bare-headers override-get""".split()
W = set()
logging.disable(logging.CRITICAL)
DOCUMENT = Path(__file__).with_name("nestkeep.openapi.yaml").read_text()
FOLDER = Path(tempfile.mkdtemp(prefix="nestkeep-"))
LIMIT = 64 * 1024
db = mongomock.MongoClient().nestkeep
tokens, refreshes, tries, counters = {}, {}, {}, {"user": 1000, "home": 500, "command": 9000, "scene": 70}


def count(name):
    counters[name] += 1
    return counters[name]


def digest(password, salt):
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=512, r=8, p=1).hex()


def add_user(email, password, name, role="user"):
    salt, ident = secrets.token_hex(8), str(count("user"))
    db.users.insert_one({"user_id": ident, "email": email, "display_name": name, "role": role, "salt": salt, "digest": digest(password, salt)})
    return ident


def add_home(name, owners, guests=()):
    ident = count("home")
    db.homes.insert_one({"home_id": ident, "name": name, "timezone": "Europe/Oslo", "plan": "basic", "alarm_pin": str(secrets.randbelow(9000) + 1000),
                         "members": [{"user_id": u, "role": "owner"} for u in owners] + [{"user_id": u, "role": "guest"} for u in guests]})
    return ident


def add_device(serial, home, model, name, code):
    db.devices.insert_one({"serial": serial, "home_id": home, "model": model, "name": name, "claim_code": code, "firmware": "2.4.1", "blocked": False,
                           "wifi_password": secrets.token_urlsafe(9), "device_secret": secrets.token_hex(16)})


def seed():
    for n in range(1, 61):
        add_device(f"NK-D{n:05}", None, "plug-s", "Demo plug", f"DEMO-{n:04}")
    nora, ravi = add_user("nora@nestkeep.example", "Thermostat=21C", "Nora Dahl"), add_user("ravi@nestkeep.example", "Porch.Light.On", "Ravi Menon")
    add_user("ops@nestkeep.example", "Fuse#Box#Key9", "Operations", "admin")
    homes = [add_home("Villa", [nora]), add_home("Loft", [ravi]), add_home("Allotment", [nora, ravi]), add_home("Cabin", [nora], [ravi])]
    for home in homes:
        for n, (model, name) in enumerate((("thermo-2", "Thermostat"), ("cam-1", "Front camera"), ("lock-1", "Door lock"))):
            serial = f"NK-{home}{n}{secrets.token_hex(2).upper()}"
            add_device(serial, home, model, name, f"{secrets.token_hex(2)}-{secrets.token_hex(2)}".upper())
            for minute in range(40):
                db.logs.insert_one({"serial": serial, "at": f"2024-06-01T08:{minute:02}:00Z", "line": f"{name} of home {home}: " + ("somebody came home", "everybody left")[minute % 2]})
            db.commands.insert_one({"command_id": count("command"), "serial": serial, "command": "set", "args": {"pin": secrets.randbelow(9000)}, "state": "done"})
    for name in ("thermo-2_2.4.1.txt", "plug-s_1.9.0.txt"):
        (FOLDER / name).write_text(f"release notes of {name}\n")


def bare(found, *keys):
    return {k: found.get(k) for k in keys}


def home_card(h):
    return bare(h, "home_id", "name", "timezone", "plan", "members")


def device_card(d, code=False):
    return {**bare(d, "serial", "home_id", "model", "name", "firmware", "blocked"), **({"claim_code": d["claim_code"]} if code else {})}


def user_card(u):
    return bare(u, "user_id", "email", "display_name", "role")


class No(Exception):
    def __init__(self, status, error, headers=None):
        self.status, self.error, self.headers = status, error, headers or {}


class Base(tornado.web.RequestHandler):
    def set_default_headers(self):
        self.clear_header("Server")
        self.set_header("Content-Type", "application/json; charset=utf-8")
        if "bare-headers" not in W:
            for name, value in (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"), ("X-Frame-Options", "DENY"),
                                ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"), ("Referrer-Policy", "no-referrer")):
                self.set_header(name, value)

    def prepare(self):
        if len(self.request.body) > LIMIT:
            raise No(413, "too_large")
        if "override-get" in W and self.request.method in ("GET", "POST"):
            wanted = self.request.headers.get("X-HTTP-Method-Override", "").upper()
            if wanted in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                self.request.method = wanted

    def compute_etag(self):
        return None

    def log_exception(self, *_):
        pass

    def write_error(self, status, exc_info=None, **_):
        wrong = exc_info[1] if exc_info else None
        if isinstance(wrong, No):
            self.set_status(wrong.status)
            for name, value in wrong.headers.items():
                self.set_header(name, value)
            return self.finish({"ok": False, "error": wrong.error})
        if isinstance(wrong, UnicodeError):
            self.set_status(400)
            return self.finish({"ok": False, "error": "bad_request"})
        if status == 405:
            self.set_header("Allow", ", ".join(m.upper() for m in ("get", "post", "put", "patch", "delete") if m in type(self).__dict__))
        self.finish({"ok": False, "error": {404: "not_found", 405: "method_not_allowed", 400: "bad_request"}.get(status, "internal_error")})

    def say(self, result, status=200):
        self.set_status(status)
        self.finish({"ok": True, "result": result})

    def body(self):
        try:
            value = json.loads(self.request.body or b"{}")
        except (ValueError, RecursionError):
            raise No(400, "not_json")
        return value if isinstance(value, dict) else {}

    def text(self, value, name, most=80, least=1):
        if not isinstance(value, str) or not least <= len(value) <= most:
            raise No(422, f"invalid_{name}")
        return value

    def caller(self, needed=True):
        found = tokens.get(self.request.headers.get("X-Access-Token", ""))
        who = found and found[1] > time.time() and db.users.find_one({"user_id": found[0]})
        if not who and needed:
            raise No(401, "not_signed_in")
        return who

    def admin(self, flaw):
        who = self.caller()
        if who["role"] != "admin" and flaw not in W:
            raise No(403, "admins_only")
        return who

    def home(self, me, ident, write=False, flaw=""):
        """The home, for its members; guests may only read."""
        found = db.homes.find_one({"home_id": int(ident)}) if str(ident).isascii() and str(ident).isdigit() and len(str(ident)) < 10 else None
        mine = found and me and next((m["role"] for m in found["members"] if m["user_id"] == me["user_id"]), None)
        if not found or not (mine or flaw in W):
            raise No(404, "no_such_home")
        if write and mine == "guest" and flaw not in W:
            raise No(200, "read_only")
        return found

    def device(self, me, serial, write=False, flaw=""):
        found = db.devices.find_one({"serial": serial})
        if not found or found["home_id"] is None:
            raise No(404, "no_such_device")
        if flaw not in W:
            try:
                self.home(me, found["home_id"], write)
            except No as no:
                raise No(no.status, "no_such_device" if no.status == 404 else no.error)
        return found


for name in ("get", "post", "put", "patch", "delete"):  # what a handler lacks is 405 with what it has
    def lacking(self, *_, **__):
        raise tornado.web.HTTPError(405)
    setattr(Base, name, lacking)

ROUTES = []


def at(pattern):
    return lambda handler: ROUTES.append((pattern, handler)) or handler


HOME, DEVICE = r"/v1/homes/([^/]+)", r"/v1/devices/([^/]+)"


class Lost(Base):
    def prepare(self):
        raise No(404, "not_found")


@at("/swagger.yaml")
class Document(Base):
    def get(self):
        self.set_header("Content-Type", "application/yaml; charset=utf-8")
        self.finish(DOCUMENT)


@at("/v1/healthz")
class Health(Base):
    def get(self):
        self.set_header("Access-Control-Allow-Origin", "*")
        self.say({"status": "up", "node": secrets.token_hex(4)})


@at("/v1/models")
class Models(Base):
    def get(self):
        self.set_header("Cache-Control", "public, max-age=60")
        self.say([{"model": m, "title": t} for m, t in (("thermo-2", "Thermostat"), ("cam-1", "Camera"), ("lock-1", "Lock"), ("plug-s", "Plug"))])


@at("/v1/users")
class Users(Base):
    def post(self):
        body = self.body()
        email, password = self.text(body.get("email"), "email", 120, 5), self.text(body.get("password"), "password", 100, 10)
        name = self.text(body.get("display_name", "New user"), "display_name")
        if db.users.find_one({"email": email}) or db.users.count_documents({}) > 1000:
            raise No(200, "email_taken")
        ident = add_user(email, password, name, str(body["role"])[:10] if "register-admin" in W and "role" in body else "user")
        self.say(user_card(db.users.find_one({"user_id": ident})), 201)


@at("/v1/users/me")
class Me(Base):
    def get(self):
        self.say(user_card(self.caller()))

    def put(self):
        me = self.caller()
        db.users.update_one({"user_id": me["user_id"]}, {"$set": {"display_name": self.text(self.body().get("display_name"), "display_name")}})
        self.say(user_card(db.users.find_one({"user_id": me["user_id"]})))


def session(user):
    access, refresh = secrets.token_urlsafe(30), secrets.token_urlsafe(36)
    tokens[access] = (user, time.time() + 3600)
    refreshes[refresh] = [user, True, access]
    return {"access_token": access, "refresh_token": refresh, "expires_in": 3600}


@at("/v1/sessions")
class Sessions(Base):
    def post(self):
        body, now = self.body(), time.monotonic()
        email, password = self.text(body.get("email"), "email", 120), self.text(body.get("password"), "password", 100)
        keys = (("email", email.lower()), 8), (("peer", self.request.remote_ip), 40)
        for key, most in keys:
            tries[key] = [t for t in tries.get(key, []) if t > now - 20]
            if len(tries[key]) >= most and "login-free" not in W:
                raise No(429, "slow_down", {"Retry-After": "20"})
        who = db.users.find_one({"email": email})
        right = hmac.compare_digest(digest(password, who["salt"] if who else "none"), who["digest"] if who else "none")
        if not who or not right:
            for key, _ in keys:
                tries[key].append(now)
            raise No(401, ("wrong_password" if who else "unknown_user") if "login-tells" in W else "wrong_credentials")
        self.say(session(who["user_id"]), 201)

    def delete(self):
        self.caller()
        access = self.request.headers["X-Access-Token"]
        for entry in refreshes.values():
            if entry[2] == access and "logout-keeps" not in W:
                entry[1] = False
        if "logout-keeps" not in W:
            tokens.pop(access, None)
        self.say({"signed_out": True})


@at("/v1/sessions/refresh")
class Refresh(Base):
    def post(self):
        found = refreshes.get(self.text(self.body().get("refresh_token"), "refresh_token", 100))
        if not found or not (found[1] or "refresh-again" in W):
            raise No(401, "bad_refresh_token")
        found[1] = False
        tokens.pop(found[2], None)
        self.say(session(found[0]), 201)


@at("/v1/homes")
class Homes(Base):
    def get(self):
        self.say([home_card(h) for h in db.homes.find({"members.user_id": self.caller()["user_id"]}).limit(100)])

    def post(self):
        me, body = self.caller(), self.body()
        if db.homes.count_documents({"members.user_id": me["user_id"]}) >= 500:
            raise No(200, "too_many_homes")
        ident = add_home(self.text(body.get("name"), "name"), [me["user_id"]])
        self.say(home_card(db.homes.find_one({"home_id": ident})), 201)


@at(HOME)
class Home(Base):
    def get(self, ident):
        self.say(home_card(self.home(self.caller(), ident, flaw="home-read")))

    def patch(self, ident):
        home, body = self.home(self.caller(), ident, True, "home-change"), self.body()
        change = {k: self.text(body[k], k) for k in ("name", "timezone") if k in body}
        if "home-set-all" in W:
            change |= {k: v for k, v in body.items() if k not in ("home_id", "_id", "members", "name", "timezone") and re.fullmatch(r"[a-z_]{1,30}", k)}
        if change:
            db.homes.update_one({"home_id": home["home_id"]}, {"$set": change})
        self.say(home_card(db.homes.find_one({"home_id": home["home_id"]})))

    def delete(self, ident):
        home = self.home(self.caller(), ident, True)
        if db.devices.find_one({"home_id": home["home_id"]}):
            raise No(409, "home_has_devices")
        db.homes.delete_one({"home_id": home["home_id"]})
        self.say({"deleted": home["home_id"]})


@at(HOME + "/shares")
class Shares(Base):
    def get(self, ident):
        home = self.home(self.caller("shares-open" not in W), ident, flaw="shares-open")
        people = {u["user_id"]: u for u in db.users.find({"user_id": {"$in": [m["user_id"] for m in home["members"]]}})}
        self.say([{**m, "email": people[m["user_id"]]["email"]} for m in home["members"] if m["user_id"] in people])

    def post(self, ident):
        home, body = self.home(self.caller(), ident, True), self.body()
        who = db.users.find_one({"email": self.text(body.get("email"), "email", 120)})
        if who and len(home["members"]) < 20 and who["user_id"] not in [m["user_id"] for m in home["members"]]:
            db.homes.update_one({"home_id": home["home_id"]}, {"$push": {"members": {"user_id": who["user_id"], "role": "guest"}}})
        self.say({"invited": body["email"]}, 202)


@at(HOME + "/shares/([^/]+)")
class Share(Base):
    def delete(self, ident, user):
        me = self.caller()
        home = self.home(me, ident, flaw="share-revoke")
        mine = [m["role"] for m in home["members"] if m["user_id"] == me["user_id"]]
        if "share-revoke" not in W and mine != ["owner"] and user != me["user_id"]:
            raise No(200, "read_only")
        left = [m for m in home["members"] if m["user_id"] != user or m["role"] == "owner"]
        if len(left) == len(home["members"]):
            raise No(404, "no_such_share")
        db.homes.update_one({"home_id": home["home_id"]}, {"$set": {"members": left}})
        self.say({"removed": user})


@at(HOME + "/devices")
class HomeDevices(Base):
    def get(self, ident):
        home = self.home(self.caller(), ident)
        self.say([{**device_card(d), **(bare(d, "wifi_password", "device_secret") if "devices-secrets" in W else {})}
                  for d in db.devices.find({"home_id": home["home_id"]}).limit(100)])


@at(HOME + "/scenes/import")
class Scenes(Base):
    def post(self, ident):
        home, weak = self.home(self.caller(), ident, True), "scene-entities" in W
        parser = etree.XMLParser(resolve_entities=weak, load_dtd=weak, no_network=True, huge_tree=False)
        try:
            root = etree.fromstring(self.request.body, parser)
        except (etree.XMLSyntaxError, ValueError):
            raise No(422, "not_xml")
        if not weak and root.getroottree().docinfo.doctype:
            raise No(422, "doctype_refused")
        names = ["".join(s.itertext())[:2000] for s in root.iter("scene")][:50]
        self.say([{"scene_id": count("scene"), "home_id": home["home_id"], "name": n} for n in names], 201)


SAFE_CODE, SLOW_CODE = re.compile(r"[A-Z0-9]{2,8}(?:-[A-Z0-9]{2,8}){1,3}"), re.compile(r"([A-Z0-9]+-?)+")


@at("/v1/devices/claim")
class Claim(Base):
    def post(self):
        me, body = self.caller(), self.body()
        home, code = self.home(me, body.get("home_id"), True), body.get("code")
        if not (isinstance(code, dict) and "claim-operators" in W):
            code = self.text(code, "code", 24, 4)
            if not (SLOW_CODE if "slow-code" in W else SAFE_CODE).fullmatch(code):
                raise No(422, "invalid_code")
        found = db.devices.find_one({"claim_code": code, "home_id": None}) or db.devices.find_one({"claim_code": code})
        if not found:
            raise No(404, "unknown_code")
        if found["home_id"] is not None and "claim-again" not in W:
            owner = db.homes.find_one({"home_id": found["home_id"], "members": {"$elemMatch": {"user_id": me["user_id"], "role": "owner"}}})
            if not owner:
                raise No(409, "code_used")
            return self.say(device_card(found, True))
        db.devices.update_one({"serial": found["serial"]}, {"$set": {"home_id": home["home_id"]}})
        self.say(device_card({**found, "home_id": home["home_id"]}, True))


@at("/v1/devices/query")
class Query(Base):
    def post(self):
        me, body = self.caller(), self.body()
        mine = [h["home_id"] for h in db.homes.find({"members.user_id": me["user_id"]})]
        scope, wanted = {"home_id": {"$in": mine}}, body.get("filter", {})
        if not isinstance(wanted, dict) or len(wanted) > 10:
            raise No(422, "invalid_filter")
        if "query-operators" in W:
            query = {**scope, **wanted}
        else:
            if any(k not in ("model", "name", "home_id", "serial", "blocked") or isinstance(v, (dict, list)) for k, v in wanted.items()):
                raise No(422, "invalid_filter")
            query = {"$and": [scope, wanted]} if wanted else scope
        try:
            found = list(db.devices.find(query).limit(50))
        except Exception:
            raise No(422, "invalid_filter")
        self.say([device_card(d) for d in found])


@at(DEVICE)
class Device(Base):
    def get(self, serial):
        me = self.caller()
        d = self.device(me, serial)
        owner = db.homes.find_one({"home_id": d["home_id"], "members": {"$elemMatch": {"user_id": me["user_id"], "role": "owner"}}})
        self.say(device_card(d, bool(owner)))

    def patch(self, serial):
        d, body = self.device(self.caller(), serial, True), self.body()
        if "name" in body:
            db.devices.update_one({"serial": serial}, {"$set": {"name": self.text(body["name"], "name")}})
        self.say(device_card(db.devices.find_one({"serial": d["serial"]})))

    def delete(self, serial):
        d = self.device(self.caller(), serial, True, "device-unclaim")
        db.devices.update_one({"serial": d["serial"]}, {"$set": {"home_id": None}})
        self.say({"unclaimed": d["serial"]})


@at(DEVICE + "/commands")
class Commands(Base):
    def post(self, serial):
        d, body = self.device(self.caller(), serial, True, "command-send"), self.body()
        if body.get("command") not in ("on", "off", "set", "identify"):
            raise No(422, "invalid_command")
        args = body.get("args", {})
        if not isinstance(args, dict) or len(json.dumps(args)) > 500:
            raise No(422, "invalid_args")
        made = {"command_id": count("command"), "serial": d["serial"], "command": body["command"], "args": {k.replace("$", "_").replace(".", "_"): v for k, v in args.items()},
                "state": "refused" if d["blocked"] else "queued"}
        db.commands.insert_one(dict(made))
        self.say(made, 202)


@at(DEVICE + "/commands/([0-9]{1,9})")
class Command(Base):
    def get(self, serial, ident):
        self.device(self.caller(), serial)
        found = db.commands.find_one({"command_id": int(ident), **({} if "command-read" in W else {"serial": serial})})
        if not found:
            raise No(404, "no_such_command")
        self.say(bare(found, "command_id", "serial", "command", "args", "state"))


@at(DEVICE + "/logs")
class Logs(Base):
    def get(self, serial):
        self.device(self.caller("logs-open" not in W), serial, flaw="logs-open")
        limit = self.get_query_argument("limit", "20")
        if not re.fullmatch("[0-9]{1,4}", limit, re.A) or not 1 <= int(limit) <= 100:
            raise No(422, "invalid_limit")
        self.say([bare(line, "at", "line") for line in db.logs.find({"serial": serial}).limit(int(limit))])


@at(DEVICE + "/logs/digest")
class Digest(Base):
    async def get(self, serial):
        self.device(self.caller(), serial)
        algorithm = self.get_query_argument("algo", "sha256")
        text = "".join(line["line"] + "\n" for line in db.logs.find({"serial": serial}))
        if "digest-shell" in W:
            def run():
                done = subprocess.run(f"{algorithm}sum -", shell=True, input=text, capture_output=True, text=True, timeout=20, cwd=FOLDER)
                return done.stdout[:500].strip()
            try:
                return self.say({"algo": algorithm, "digest": await asyncio.get_running_loop().run_in_executor(None, run)})
            except (ValueError, subprocess.TimeoutExpired):
                raise No(422, "invalid_algo")
        if algorithm not in ("md5", "sha1", "sha256", "sha512"):
            raise No(422, "invalid_algo")
        self.say({"algo": algorithm, "digest": hashlib.new(algorithm, text.encode()).hexdigest() + "  -"})


@at(DEVICE + "/ping")
class Ping(Base):
    async def post(self, serial):
        self.device(self.caller(), serial)
        await asyncio.sleep(0.35)  # radio
        self.say({"reachable": secrets.randbelow(2) == 1, "rssi": -secrets.randbelow(60) - 30})


@at("/v1/firmware")
class Firmwares(Base):
    def get(self):
        self.caller()
        self.say(sorted(f.name for f in FOLDER.glob("*_*.txt")))


@at(r"/v1/firmware/([^/]+)")
class Firmware(Base):
    def get(self, name):
        self.caller()
        if "firmware-up" not in W and not re.fullmatch(r"[a-z0-9-]{1,20}_[0-9.]{1,10}\.txt", name):
            raise No(404, "no_such_firmware")
        try:
            raw = open(os.path.join(FOLDER, name), "rb").read(200000)
        except (OSError, ValueError):
            raise No(404, "no_such_firmware")
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(raw)


@at("/v1/admin/users")
class AdminUsers(Base):
    def get(self):
        self.admin("admin-users")
        self.say([user_card(u) for u in db.users.find().limit(100)])


@at(r"/v1/admin/devices/([^/]+)/block")
class AdminBlock(Base):
    def post(self, serial):
        self.admin("admin-block")
        if not db.devices.find_one({"serial": serial}):
            raise No(404, "no_such_device")
        blocked = self.body().get("blocked", True)
        if not isinstance(blocked, bool):
            raise No(422, "invalid_blocked")
        db.devices.update_one({"serial": serial}, {"$set": {"blocked": blocked}})
        self.say({"serial": serial, "blocked": blocked})


@at("/debug/vars")
class Vars(Base):
    def get(self):
        if "left-open" not in W:
            raise No(404, "not_found")
        self.finish({"cmdline": sys.argv, "sessions": len(tokens), "env": {"NESTKEEP_DB": "mongodb://nestkeep:Wire-Cutter-3@db.internal:27017/nestkeep", "PATH": os.environ.get("PATH")}})


@at(r"/\.env")
class DotEnv(Base):
    def get(self):
        if "left-open" not in W:
            raise No(404, "not_found")
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("APP_ENV=production\nDB_PASSWORD=Wire-Cutter-3\nPUSH_SECRET_KEY=7a1f0c9be2d84410\n")


async def main():
    args = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    asked = args.get("--flaws", "none")
    W.update(KNOWN if asked == "all" else () if asked == "none" else asked.split(","))
    if W - set(KNOWN):
        sys.exit(f"unknown flaws: {W - set(KNOWN)}")
    seed()
    # the fixed words before the words that stand for an id
    ROUTES.sort(key=lambda r: "([^/]+)" in r[0] and r[0].endswith("([^/]+)"))
    app = tornado.web.Application(ROUTES, default_handler_class=Lost)
    server = tornado.httpserver.HTTPServer(app, max_body_size=16 * 1024 * 1024)
    sockets = tornado.netutil.bind_sockets(int(args.get("--port", 0)), "127.0.0.1")
    server.add_sockets(sockets)
    print(f"listening on http://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    await end.wait()
    shutil.rmtree(FOLDER, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
