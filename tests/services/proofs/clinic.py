"""The clinic's flaws, proved by hand."""
import time
from uuid import uuid4

from .kit import Proofs, Witness, claims, hs256, our_key

PROOFS = Proofs()
flaw, trap = PROOFS.flaw, PROOFS.trap
A, B, OFFICE = ("dr.adler", "Stethoscope-88"), ("dr.brandt", "Lollipop&Plaster"), ("office", "Blue-Folder-Rack-3")


def login(s, who=A, **more):
    return s.post("/auth/token", form={"username": who[0], "password": who[1], **more}).json


def token(s, who=A):
    return s.keep(who, lambda: login(s, who)["access_token"])


def admit(s, who=A, **more):
    return s.post("/patients", {"name": "Test Person", "born": "1990-01-01", **more}, token=token(s, who)).json


def works(s, forged):
    return s.get("/patients", token=forged).status == 200


def ours(s):
    return our_key()


@flaw("patient-read")
def _(s):
    return s.get("/patients/" + admit(s)["id"], token=token(s, B)).status == 200


@flaw("patient-change")
def _(s):
    path = "/patients/" + admit(s)["id"]
    s.call("PUT", path, {"name": "Theirs", "born": "1990-01-01"}, token=token(s, B))
    return s.get(path, token=token(s)).json["name"] == "Theirs"


@flaw("patient-delete")
def _(s):
    path = "/patients/" + admit(s)["id"]
    s.call("DELETE", path, token=token(s, B))
    return s.get(path, token=token(s)).status == 410


@flaw("record-elsewhere")
def _(s):
    hers, his = admit(s)["id"], admit(s, B)["id"]
    record = s.post(f"/patients/{hers}/records", {"text": "secret finding"}, token=token(s)).json["id"]
    return "secret finding" in s.get(f"/patients/{his}/records/{record}", token=token(s, B)).text


@flaw("patient-owner")
def _(s):
    return admit(s, doctor="dr.brandt")["doctor"] == "dr.brandt"


@flaw("directory-private")
def _(s):
    return "hash" in s.get("/doctors", token=token(s)).json[0]


@flaw("audit-open")
def _(s):
    return s.get("/audit", token=token(s)).status == 200


@flaw("schedule-open")
def _(s):
    return "visits" in s.get("/schedule").json


@flaw("letter-template")
def _(s):
    path = f"/patients/{admit(s)['id']}/letter"
    return s.post(path, {"text": "{{ 7*191 }}"}, token=token(s)).json["letter"] == "1337"


def pem(s):
    """The public key as PEM, from the published JWK."""
    import base64
    from .kit import unb64
    n = unb64(s.get("/.well-known/jwks.json").json["keys"][0]["n"])
    bits = b"\x00" + bytes.fromhex("3082010a0282010100") + n + bytes.fromhex("0203010001")
    whole = bytes.fromhex("30820122300d06092a864886f70d01010105000382010f") + bits
    text = base64.b64encode(whole).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return "-----BEGIN PUBLIC KEY-----\n" + "\n".join(lines) + "\n-----END PUBLIC KEY-----\n"


@flaw("key-mixup")
def _(s):
    return works(s, hs256(claims(token(s)), pem(s), kid="clinic-2024"))


@flaw("kid-sql")
def _(s):
    return works(s, hs256(claims(token(s)), "mine", kid="x' union select 'mine'-- "))


@flaw("own-key")
def _(s):
    return works(s, ours(s).sign(claims(token(s)), jwk=ours(s).jwk()))


@flaw("far-key")
def _(s):
    import json
    with Witness(json.dumps({"keys": [ours(s).jwk()]}).encode()) as witness:
        return works(s, ours(s).sign(claims(token(s)), jku=witness.url + "/jwks.json", kid="ours"))


@flaw("early-token")
def _(s):
    return works(s, hs256({**claims(token(s)), "nbf": time.time() + 3600}, pem(s), kid="clinic-2024"))


@flaw("other-audience")
def _(s):
    return works(s, login(s, audience="reports")["access_token"])


@flaw("other-issuer")
def _(s):
    return works(s, hs256({**claims(token(s)), "iss": "https://elsewhere.example/"}, pem(s), kid="clinic-2024"))


@flaw("refresh-again")
def _(s):
    old = {"refresh_token": login(s)["refresh_token"]}
    return [s.post("/auth/refresh", old).status for _ in range(2)] == [200, 200]


@flaw("logout-nothing")
def _(s):
    got = login(s)
    s.post("/auth/logout", token=got["access_token"])
    return works(s, got["access_token"])


@flaw("reset-tells")
def _(s):
    return s.post("/auth/reset", {"username": "office"}).status != s.post("/auth/reset", {"username": "nobody"}).status


@flaw("large-bodies")
def _(s):
    return s.post("/auth/reset", {"username": "office", "more": "x" * 3_000_000}).status == 202


@flaw("trace-in-500")
def _(s):
    return "Traceback" in s.get("/schedule/export?columns=nose", token=token(s)).text


@flaw("any-origin")
def _(s):
    got = s.get("/patients", token=token(s), headers={"Origin": "https://evil.example"}).headers
    return got["Access-Control-Allow-Origin"] == "https://evil.example"


@trap("gone-410")
def _(s):
    path = "/patients/" + admit(s)["id"]
    s.call("DELETE", path, token=token(s))
    return s.get(path, token=token(s)).status == 410


@trap("hidden-404")
def _(s):
    return s.get("/patients/" + str(uuid4()), token=token(s)).status == 404


@trap("slow-summary")
def _(s):
    mine = login(s, audience="reports")["access_token"]
    return 1.4 < s.get("/reports/summary", token=mine).seconds < 6


@trap("generic-500")
def _(s):
    return s.get("/schedule/export?columns=%27", token=token(s)).status == 500


@trap("if-match")
def _(s):
    path, value = "/patients/" + admit(s)["id"], {"name": "N", "born": "1990-01-01"}
    return s.call("PUT", path, value, headers={"If-Match": '"7"'}, token=token(s)).status == 412 and \
        [s.call("PUT", path, value, token=token(s)).status for _ in range(2)] == [200, 200]


@trap("owner-ignored")
def _(s):
    return admit(s, id="11111111-1111-4111-8111-111111111111")["id"][:8] != "11111111"


@trap("locks-after-five")
def _(s):
    tries = [s.post("/auth/token", form={"username": "dr.ghost", "password": "x"}).status for _ in range(6)]
    return tries == [401] * 5 + [429]


@trap("public-keys")
def _(s):
    return "n" in s.get("/.well-known/jwks.json").json["keys"][0]
