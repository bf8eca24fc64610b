"""The kitchen's flaws, proved by hand."""
import time
from urllib.parse import quote

from .kit import Proofs, claims, explodes, hs256

PROOFS = Proofs()
flaw, trap = PROOFS.flaw, PROOFS.trap
A, B, CHEF = ("anouk", "Saffron&Salt22"), ("bela", "Copper-Pot-Lid"), ("maitre", "Knife.Rack.Left")


def login(s, who=A):
    return s.post("/login", {"name": who[0], "password": who[1]}).json["data"]["auth_token"]


def token(s, who=A):
    return s.keep(who, lambda: login(s, who))


def me(s, t):
    return s.get("/me", token=t).json["data"]


def recipe(s):
    title = f"proof-{time.monotonic_ns()}"
    s.post("/recipes", {"title": title, "text": "water", "secret": "salt"}, token=token(s))
    return "/recipes/" + title


@flaw("secret-read")
def _(s):
    return "miso" in s.get("/recipes/onion-soup", token=token(s, B)).text


@flaw("recipe-remove")
def _(s):
    path = recipe(s)
    s.call("DELETE", path, token=token(s, B))
    return s.get(path, token=token(s)).status == 404


@flaw("email-of-others")
def _(s):
    s.call("PUT", "/cooks/anouk/email", {"email": "by@bela.example"}, token=token(s, B))
    return me(s, token(s))["email"] == "by@bela.example"


@flaw("cook-remove")
def _(s):
    s.post("/register", {"name": "shortlived", "password": "long-enough"})
    s.call("DELETE", "/cooks/shortlived", token=token(s))
    return s.get("/cooks/shortlived", token=token(s)).status == 404


@flaw("register-chef")
def _(s):
    s.post("/register", {"name": "climber", "password": "long-enough", "chef": True})
    return me(s, login(s, ("climber", "long-enough")))["chef"] is True


@flaw("cook-sql")
def _(s):
    return "OperationalError" in s.get("/cooks/a%27", token=token(s)).text


@flaw("pem-as-secret")
def _(s):
    return s.get("/me", token=hs256(claims(token(s)), s.get("/key.pem").text)).status == 200


@flaw("mail-pattern")
def _(s):
    return explodes(lambda n: s.call("PUT", "/cooks/anouk/email", {"email": "a" * n}, token=token(s)))


@flaw("debug-cooks")
def _(s):
    return "password" in s.get("/debug/cooks").text


@flaw("login-says")
def _(s):
    one, other = (s.post("/login", {"name": n, "password": "wrong"}).text for n in ("maitre", "nobody"))
    return one != other


@flaw("login-on-and-on")
def _(s):
    return 429 not in [s.post("/login", {"name": "ghost", "password": "wrong"}).status for _ in range(8)]


@flaw("recipes-open")
def _(s):
    return s.get("/recipes").status == 200


@flaw("profile-all")
def _(s):
    return "password" in s.get("/cooks", token=token(s)).json["data"][0]


@flaw("reset-code-shown")
def _(s):
    return "code" in s.post("/forgot", {"name": "bela"}).json["data"]


@flaw("shop-twice")
def _(s):
    before = me(s, token(s))["purse"]
    for _ in range(2):
        s.post("/shop", {"item": "saffron", "receipt": "same-receipt"}, token=token(s))
    return before - me(s, token(s))["purse"] == 600


@flaw("headers-off")
def _(s):
    return "X-Content-Type-Options" not in s.get("/key.pem").headers


@flaw("stacktrace")
def _(s):
    return "ZeroDivisionError" in s.get("/portions?people=0", token=token(s)).text


@trap("one-page-app")
def _(s):
    pages = {s.get(p).text for p in ("/.git/config", "/.env", "/v0/recipes", "/actuator/env", "/metrics")}
    return len(pages) == 1 and "<title>Kitchen" in pages.pop()


@trap("moody-search")
def _(s):
    seconds = []
    while len(seconds) < 80 and not (seconds and max(seconds) - min(seconds) > 1):
        seconds.append(s.get("/search?q=eggs", token=token(s)).seconds)
    return max(seconds) - min(seconds) > 1


@trap("word-search")
def _(s):
    one, two = (s.get("/search?q=" + quote(f"a' or 1={n}"), token=token(s)).json["data"] for n in (1, 2))
    return 0 < len(one) < len(two)


@trap("scale-calculates")
def _(s):
    return [s.get("/scale?amount=" + quote(x)).json.get("data") for x in ("7*7", "{{7*7}}", "{{7*'7'}}")] == [{"amount": 49}, {"amount": 49}, None]


@trap("any-photo")
def _(s):
    return s.get("/photos/..%2F..%2Fetc%2Fpasswd").text == s.get("/photos/soup.gif").text


@trap("link-only")
def _(s):
    return s.call("PUT", "/recipes/pancakes/source", {"url": "http://127.0.0.1:9/"}, token=token(s)).json["data"] == {"source": "http://127.0.0.1:9/"}


@trap("page-not-redirect")
def _(s):
    got = s.get("/away?to=" + quote("https://evil.example/<script>"))
    return got.status == 200 and "<script>" not in got.text and "Location" not in got.headers


@trap("shared-recipes")
def _(s):
    return s.get("/recipes", token=token(s)).text == s.get("/recipes", token=token(s, B)).text


@trap("chef-ignored")
def _(s):
    s.post("/register", {"name": "modest", "password": "long-enough", "purse": 99999})
    return me(s, login(s, ("modest", "long-enough")))["purse"] == 5000


@trap("zero-people-500")
def _(s):
    return s.get("/portions?people=0", token=token(s)).status == 500


@trap("used-receipt")
def _(s):
    return [s.post("/shop", {"item": "salt", "receipt": f"number-{n}"}, token=token(s, B)).status for n in (1, 2)] == [200, 200]
