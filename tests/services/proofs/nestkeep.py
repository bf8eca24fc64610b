"""The device service's flaws, proved by hand."""
import itertools
from urllib.parse import quote

from .kit import Proofs, explodes, takes

PROOFS = Proofs()
flaw, trap = PROOFS.flaw, PROOFS.trap
WHO = {"nora": ("nora@nestkeep.example", "Thermostat=21C"), "ravi": ("ravi@nestkeep.example", "Porch.Light.On"), "ops": ("ops@nestkeep.example", "Fuse#Box#Key9")}
VILLA, LOFT, ALLOTMENT, CABIN = 501, 502, 503, 504
DEMO = itertools.count(1)


def enter(s, email, password):
    return s.post("/v1/sessions", {"email": email, "password": password})


def head(s, name):
    return {"X-Access-Token": s.keep(name, lambda: enter(s, *WHO[name]).json["result"]["access_token"])}


def ask(s, method, path, value=None, name="nora", **more):
    return s.call(method, "/v1" + path, value, headers={**head(s, name), **more.pop("headers", {})}, **more)


def device(s, home=VILLA, name="nora"):
    """A fresh device in this home: its serial and its code."""
    n = s.kept["demo"] = s.kept.get("demo", 0) + 1
    got = ask(s, "POST", "/devices/claim", {"code": f"DEMO-{n:04}", "home_id": home}, name).json["result"]
    return got["serial"], got["claim_code"]


def get(s, path, name="nora"):
    return ask(s, "GET", path, name=name)


def first(s, home=VILLA, name="nora"):
    return get(s, f"/homes/{home}/devices", name).json["result"][0]["serial"]


@flaw("home-read")
def _(s):
    return get(s, f"/homes/{VILLA}", "ravi").status == 200


@flaw("command-read")
def _(s):
    sent = ask(s, "POST", f"/devices/{first(s)}/commands", {"command": "set", "args": {"pin": 1234}}).json["result"]["command_id"]
    return get(s, f"/devices/{first(s)}/commands/{sent}").status == 200 and get(s, f"/devices/{first(s, LOFT, 'ravi')}/commands/{sent}", "ravi").status == 200


@flaw("home-change")
def _(s):
    made = ask(s, "POST", "/homes", {"name": "Boat"}).json["result"]["home_id"]
    ask(s, "PATCH", f"/homes/{made}", {"name": "Wreck"}, "ravi")
    return get(s, f"/homes/{made}").json["result"]["name"] == "Wreck"


@flaw("command-send")
def _(s):
    return ask(s, "POST", f"/devices/{first(s)}/commands", {"command": "off"}, "ravi").status == 202


@flaw("device-unclaim")
def _(s):
    serial, _ = device(s)
    ask(s, "DELETE", "/devices/" + serial, name="ravi")
    return get(s, "/devices/" + serial).status == 404


def guest(s, home, email, name="nora"):
    ask(s, "POST", f"/homes/{home}/shares", {"email": email}, name)


@flaw("share-revoke")
def _(s):
    home = ask(s, "POST", "/homes", {"name": "Boat"}).json["result"]["home_id"]
    guest(s, home, "ops@nestkeep.example")
    assert '"guest"' in get(s, f"/homes/{home}").text
    ask(s, "DELETE", f"/homes/{home}/shares/1003", name="ravi")
    return "1003" not in get(s, f"/homes/{home}").text


@flaw("admin-users")
def _(s):
    return get(s, "/admin/users").status == 200 == get(s, "/admin/users", "ops").status


@flaw("admin-block")
def _(s):
    serial, _ = device(s)
    ask(s, "POST", f"/admin/devices/{serial}/block", {"blocked": True})
    return get(s, "/devices/" + serial).json["result"]["blocked"] is True


@flaw("register-admin")
def _(s):
    mail = f"evil{next(DEMO)}@nestkeep.example"
    s.post("/v1/users", {"email": mail, "password": "long enough 1", "role": "admin"})
    token = enter(s, mail, "long enough 1").json["result"]["access_token"]
    return s.get("/v1/users/me", headers={"X-Access-Token": token}).json["result"]["role"] == "admin" and s.get("/v1/admin/users", headers={"X-Access-Token": token}).status == 200


@flaw("home-set-all")
def _(s):
    home = ask(s, "POST", "/homes", {"name": "Boat"}).json["result"]["home_id"]
    ask(s, "PATCH", f"/homes/{home}", {"plan": "premium"})
    return get(s, f"/homes/{home}").json["result"]["plan"] == "premium"


@flaw("devices-secrets")
def _(s):
    return "wifi_password" in get(s, f"/homes/{VILLA}/devices").text


@flaw("logs-open")
def _(s):
    return s.get(f"/v1/devices/{first(s)}/logs").status == 200


@flaw("shares-open")
def _(s):
    return "nora@" in s.get(f"/v1/homes/{VILLA}/shares").text


@flaw("query-operators")
def _(s):
    return first(s) in ask(s, "POST", "/devices/query", {"filter": {"home_id": {"$gt": 0}}}, "ravi").text


@flaw("claim-operators")
def _(s):
    got = ask(s, "POST", "/devices/claim", {"code": {"$regex": "^DEMO-00[6]"}, "home_id": VILLA})
    return got.status == 200 and got.json["result"]["claim_code"] == "DEMO-0060"


@flaw("claim-again")
def _(s):
    serial, code = device(s)
    ask(s, "POST", "/devices/claim", {"code": code, "home_id": LOFT}, "ravi")
    return get(s, "/devices/" + serial, "ravi").status == 200


@flaw("digest-shell")
def _(s):
    def wait(n):
        return get(s, f"/devices/{first(s)}/logs/digest?algo=" + quote(f"sleep {n}; sha256"))
    return "uid=" in get(s, f"/devices/{first(s)}/logs/digest?algo=" + quote("id; md5")).text and takes(lambda: wait(1), lambda: wait(0), 1)


@flaw("firmware-up")
def _(s):
    return "root:" in get(s, "/firmware/" + quote("../" * 12 + "etc/passwd", safe="")).text


@flaw("scene-entities")
def _(s):
    xml = '<!DOCTYPE s [<!ENTITY e SYSTEM "file:///etc/passwd">]><scenes><scene>&e;</scene></scenes>'
    return "root:" in ask(s, "POST", f"/homes/{VILLA}/scenes/import", body=xml, headers={"Content-Type": "application/xml"}).text


@flaw("refresh-again")
def _(s):
    token = enter(s, *WHO["nora"]).json["result"]["refresh_token"]
    return [s.post("/v1/sessions/refresh", {"refresh_token": token}).status for _ in range(2)] == [201, 201]


@flaw("logout-keeps")
def _(s):
    mine = {"X-Access-Token": enter(s, *WHO["nora"]).json["result"]["access_token"]}
    return s.call("DELETE", "/v1/sessions", headers=mine).status == 200 == s.get("/v1/users/me", headers=mine).status


@flaw("login-tells")
def _(s):
    return enter(s, "ops@nestkeep.example", "x").text != enter(s, "nobody@nestkeep.example", "x").text


@flaw("login-free")
def _(s):
    return 429 not in [enter(s, "ghost@nestkeep.example", "x").status for _ in range(12)]


@flaw("slow-code")
def _(s):
    return explodes(lambda n: ask(s, "POST", "/devices/claim", {"code": "A" * n + "!", "home_id": VILLA}))


@flaw("left-open")
def _(s):
    return "DB_PASSWORD" in s.get("/.env").text and "mongodb://" in s.get("/debug/vars").text


@flaw("bare-headers")
def _(s):
    got = get(s, "/users/me").headers
    return got["X-Content-Type-Options"] is None and got["Cache-Control"] is None


@flaw("override-get")
def _(s):
    home = ask(s, "POST", "/homes", {"name": "Boat"}).json["result"]["home_id"]
    ask(s, "GET", f"/homes/{home}", headers={"X-HTTP-Method-Override": "DELETE"})
    return get(s, f"/homes/{home}").status == 404


@trap("models-public")
def _(s):
    return s.get("/v1/models").status == 200 and "public" in s.get("/v1/models").headers["Cache-Control"]


@trap("health-star")
def _(s):
    got = s.get("/v1/healthz")
    return got.headers["Access-Control-Allow-Origin"] == "*" and got.text != s.get("/v1/healthz").text


@trap("owned-together")
def _(s):
    return all('"owner"' in get(s, f"/homes/{ALLOTMENT}", n).text for n in ("nora", "ravi")) and \
        ask(s, "POST", f"/devices/{first(s, ALLOTMENT)}/commands", {"command": "on"}, "ravi").status == 202


@trap("guest-looks")
def _(s):
    return get(s, f"/homes/{CABIN}", "ravi").status == 200 == get(s, f"/devices/{first(s, CABIN)}/logs", "ravi").status


@trap("guest-refused-200")
def _(s):
    serial = first(s, CABIN)
    got = ask(s, "PATCH", "/devices/" + serial, {"name": "Taken"}, "ravi")
    return got.status == 200 and got.json == {"ok": False, "error": "read_only"} and get(s, "/devices/" + serial).json["result"]["name"] != "Taken"


@trap("taken-200")
def _(s):
    got = s.post("/v1/users", {"email": "nora@nestkeep.example", "password": "long enough 1"})
    return got.status == 200 and got.json["ok"] is False and get(s, "/users/me").status == 200


@trap("me-ignored")
def _(s):
    got = ask(s, "PUT", "/users/me", {"display_name": "Nora", "role": "admin", "email": "x@y.z", "user_id": "1"}).json["result"]
    return got == {"user_id": "1001", "email": "nora@nestkeep.example", "display_name": "Nora", "role": "user"}


@trap("claim-own-again")
def _(s):
    serial, code = device(s)
    got = ask(s, "POST", "/devices/claim", {"code": code, "home_id": VILLA})
    return got.status == 200 and got.json["result"]["serial"] == serial


@trap("invite-always")
def _(s):
    return all(ask(s, "POST", f"/homes/{VILLA}/shares", {"email": m}).status == 202 for m in ("nobody@mail.example", "somebody@mail.example"))


@trap("ping-slow")
def _(s):
    got = ask(s, "POST", f"/devices/{first(s)}/ping")
    return got.status == 200 and got.seconds > 0.3


@trap("firmware-for-all")
def _(s):
    return all(get(s, "/firmware/plug-s_1.9.0.txt", n).status == 200 for n in ("nora", "ravi")) and s.get("/v1/firmware").status == 401


@trap("args-echoed")
def _(s):
    got = ask(s, "POST", f"/devices/{first(s)}/commands", {"command": "set", "args": {"text": "{{7*7}}<b>';id"}})
    return got.json["result"]["args"]["text"] == "{{7*7}}<b>';id"


@trap("unclaimed-free")
def _(s):
    serial, code = device(s)
    ask(s, "DELETE", "/devices/" + serial)
    return ask(s, "POST", "/devices/claim", {"code": code, "home_id": LOFT}, "ravi").status == 200
