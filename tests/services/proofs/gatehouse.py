"""The gatehouse's flaws, proved by hand."""
import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

from .kit import Proofs, b64, basic, claims, our_key, unsigned

PROOFS = Proofs()
flaw, trap = PROOFS.flaw, PROOFS.trap
A, B, KEEPER = ("lotte", "Portal-Of-Oak-4"), ("bruno", "Drawbridge_Down"), ("keeper", "Ring0f$Keys")
BACK = "http://127.0.0.1/callback"
VERIFIER = "a-verifier-that-is-long-enough-for-the-standard-0123456789"


def login(s, who, headers=None):
    return s.post("/login", {"username": who[0], "password": who[1]}, headers=headers).headers["Set-Cookie"].split(";")[0]


def authorize(s, who=A, cookie=None, **more):
    cookie = cookie or s.keep(("cookie", who), lambda: login(s, who))
    query = {"response_type": "code", "client_id": "notes-app", "redirect_uri": BACK, "scope": "profile", "state": "st",
             "code_challenge": b64(hashlib.sha256(VERIFIER.encode()).digest()), "code_challenge_method": "S256", **more}
    return s.get("/authorize?" + urlencode({k: v for k, v in query.items() if v}), headers={"Cookie": cookie})


def code(s, who=A, **more):
    return parse_qs(urlsplit(authorize(s, who, **more).headers.get("Location", "")).query).get("code", [""])[0]


def redeem(s, value, verifier=VERIFIER, redirect=BACK):
    form = {"grant_type": "authorization_code", "client_id": "notes-app", "code": value, "redirect_uri": redirect}
    return s.post("/token", form={**form, **({"code_verifier": verifier} if verifier else {})})


def tokens(s, who=A, fresh=False, **more):
    return redeem(s, code(s, who, **more)).json if fresh else s.keep(("tokens", who), lambda: redeem(s, code(s, who)).json)


def token(s, who=A):
    return tokens(s, who)["access_token"]


def works(s, forged):
    return s.get("/userinfo", token=forged).status == 200


@flaw("redirect-prefix")
def _(s):
    got = authorize(s, redirect_uri="https://notes.gatehouse.example.evil.example/")
    return "code=" in got.headers.get("Location", "")


@flaw("code-twice")
def _(s):
    one = code(s)
    return [redeem(s, one).status for _ in range(2)] == [200, 200]


@flaw("pkce-skipped")
def _(s):
    return redeem(s, code(s, code_challenge=None, code_challenge_method=None), verifier=None).status == 200


@flaw("refresh-reuse")
def _(s):
    form = {"grant_type": "refresh_token", "client_id": "notes-app", "refresh_token": tokens(s, fresh=True)["refresh_token"]}
    return [s.post("/token", form=form).status for _ in range(2)] == [200, 200]


@flaw("revoke-nothing")
def _(s):
    got = tokens(s, fresh=True)
    s.post("/revoke", form={"token": got["access_token"], "client_id": "notes-app"})
    return works(s, got["access_token"])


@flaw("session-kept")
def _(s):
    login(s, A, {"Cookie": "gate_session=chosen-by-us"})
    return authorize(s, cookie="gate_session=chosen-by-us").status == 302


@flaw("login-tells")
def _(s):
    one, other = (s.post("/login", {"username": n, "password": "wrong"}).text for n in ("keeper", "nobody"))
    return one != other


@flaw("login-many")
def _(s):
    return 429 not in [s.post("/login", {"username": "ghost", "password": "x"}).status for _ in range(9)]


@flaw("none-in-capitals")
def _(s):
    mine = claims(token(s))
    return works(s, unsigned(mine, "NONE")) and not works(s, unsigned(mine, "none"))


@flaw("signature-empty")
def _(s):
    return works(s, token(s).rpartition(".")[0] + ".")


@flaw("jwk-in-header")
def _(s):
    ours = our_key()
    return works(s, ours.sign(claims(token(s)), jwk=ours.jwk()))


@flaw("id-token-taken")
def _(s):
    return works(s, tokens(s)["id_token"])


@flaw("scope-granted")
def _(s):
    got = tokens(s, fresh=True, scope="profile admin")
    return s.get("/admin/connections", token=got.get("access_token", "-")).status == 200


@flaw("userinfo-private")
def _(s):
    return "hash" in s.get("/userinfo", token=token(s)).json


def connection(s):
    made = claims(tokens(s, fresh=True)["access_token"])["cid"]
    assert made in s.get("/connections", token=token(s)).text
    return made


@flaw("connection-read")
def _(s):
    return s.get("/connections/" + connection(s), token=token(s, B)).status == 200


@flaw("connection-cut")
def _(s):
    made = connection(s)
    s.call("DELETE", "/connections/" + made, token=token(s, B))
    return made not in s.get("/connections", token=token(s)).text


@flaw("client-change")
def _(s):
    s.call("PATCH", "/clients/notes-app", {"name": "by bruno"}, token=token(s, B))
    return s.get("/clients/notes-app", token=token(s)).json["name"] == "by bruno"


@flaw("client-trusted")
def _(s):
    s.call("PATCH", "/clients/notes-app", {"trusted": True}, token=token(s))
    return s.get("/clients/notes-app", token=token(s)).json["trusted"] is True


@flaw("introspect-open")
def _(s):
    return s.post("/introspect", form={"token": token(s)}).json.get("active") is True


@flaw("secret-echo")
def _(s):
    return "shh-31337" in s.post("/token", form={"grant_type": "refresh_token", "client_id": "photo-desk", "client_secret": "shh-31337"}).text


@flaw("return-anywhere")
def _(s):
    return s.get("/leave?return_to=https://evil.example").headers.get("Location") == "https://evil.example"


@trap("loopback-port")
def _(s):
    return "code=" in authorize(s, redirect_uri="http://127.0.0.1:41234/callback").headers["Location"]


@trap("revoke-unknown")
def _(s):
    return s.post("/revoke", form={"token": "never-given", "client_id": "notes-app"}).status == 200


@trap("inactive-is-200")
def _(s):
    got = s.post("/introspect", form={"token": token(s)[:-8] + "AAAAAAAA"}, headers=basic("photo-desk", "pd-6b1fa9c02e7d"))
    return got.status == 200 and got.json == {"active": False}


@trap("clients-for-all")
def _(s):
    return s.get("/clients/photo-desk", token=token(s)).text == s.get("/clients/photo-desk", token=token(s, B)).text


@trap("trusted-ignored")
def _(s):
    return s.call("PATCH", "/clients/notes-app", {"owner": "bruno"}, token=token(s)).json["owner"] == "lotte"


@trap("tokens-in-answer")
def _(s):
    return "state=st" in authorize(s).headers["Location"] and "access_token" in tokens(s)


@trap("leave-home")
def _(s):
    return s.get("/leave").headers["Location"] == "/"
