"""The flaws of the commons, proved by hand."""
from urllib.parse import quote

from .kit import Proofs, explodes

PROOFS = Proofs()
flaw, trap = PROOFS.flaw, PROOFS.trap
A, B, M = ("marlene", "Tulips-in-Row-5"), ("jonas", "Bike.Shed.Blue"), ("gertrud", "Keys2TheGarden!")


def login(s, who):
    return {"Authorization": "Token " + s.post("/api/login", {"username": who[0], "password": who[1]}).json["result"]["key"]}


def key(s, who=A):
    return s.keep(who, lambda: login(s, who))


def write(s, who=A, **more):
    return s.post("/api/posts", {"title": "A proof", "text": "first", **more}, headers=key(s, who)).json["result"]["slug"]


def read(s, slug, who=A):
    return s.get("/api/posts/" + slug, headers=key(s, who)).json


@flaw("login-operators")
def _(s):
    return bool(s.post("/api/login", {"username": "marlene", "password": {"$ne": ""}}).json["result"])


@flaw("filter-operators")
def _(s):
    return "my-complaint-to-the-council" in s.get("/api/posts?published[$ne]=true", headers=key(s, B)).text


@flaw("draft-read")
def _(s):
    return bool(read(s, "ideas-for-the-shed")["result"])


@flaw("post-change")
def _(s):
    slug = write(s)
    s.call("PUT", "/api/posts/" + slug, {"text": "theirs"}, headers=key(s, B))
    return read(s, slug)["result"]["text"] == "theirs"


@flaw("post-remove")
def _(s):
    slug = write(s)
    s.call("DELETE", "/api/posts/" + slug, headers=key(s, B))
    return read(s, slug)["result"] is None


@flaw("profile-change")
def _(s):
    s.call("PATCH", "/api/members/marlene", {"about": "written by jonas"}, headers=key(s, B))
    return s.get("/api/members/marlene", headers=key(s)).json["result"]["about"] == "written by jonas"


@flaw("become-moderator")
def _(s):
    s.call("PATCH", "/api/members/jonas", {"moderator": True}, headers=key(s, B))
    is_now = s.get("/api/members/jonas", headers=key(s)).json["result"]["moderator"]
    s.call("PATCH", "/api/members/jonas", {"moderator": False}, headers=key(s, B))
    return is_now


@flaw("profile-everything")
def _(s):
    return "resetCode" in s.get("/api/members/jonas", headers=key(s)).text


@flaw("member-removal")
def _(s):
    s.post("/api/signup", {"username": "shortlived", "password": "long enough"})
    s.call("DELETE", "/api/members/shortlived", headers=key(s))
    return s.get("/api/members/shortlived", headers=key(s)).json["result"] is None


@flaw("queue-open")
def _(s):
    return bool(s.get("/api/moderation/queue", headers=key(s)).json["result"])


@flaw("slow-preview")
def _(s):
    return explodes(lambda n: s.post("/api/preview", {"text": "- " + "a" * n + "!"}, headers=key(s)))


@flaw("leave-anywhere")
def _(s):
    return s.get("/out?to=" + quote("https://elsewhere.example/")).headers.get("Location") == "https://elsewhere.example/"


@flaw("any-origin")
def _(s):
    got = s.get("/api/posts", headers={**key(s), "Origin": "https://evil.example"}).headers
    return got["Access-Control-Allow-Origin"] == "https://evil.example" and got["Access-Control-Allow-Credentials"] == "true"


@flaw("override")
def _(s):
    slug = write(s)
    s.post("/api/posts/" + slug, headers={**key(s, B), "X-HTTP-Method-Override": "DELETE"})
    return read(s, slug)["result"] is None


@flaw("forgot-tells")
def _(s):
    one, other = (s.post("/api/forgot", {"email": e}).text for e in ("jonas@commons.example", "no@commons.example"))
    return one != other


@flaw("login-forever")
def _(s):
    tries = [s.post("/api/login", {"username": "nobody", "password": "wrong"}).json["error"]["code"] for _ in range(8)]
    return "locked" not in tries


@flaw("members-unguarded")
def _(s):
    return bool(s.get("/api/members").json["result"])


@flaw("preview-unlimited")
def _(s):
    return 429 not in [s.post("/api/preview", {"text": "x"}, headers=key(s, B)).status for _ in range(35)]


@flaw("no-page-end")
def _(s):
    return len(s.get("/api/posts?limit=100000", headers=key(s)).json["result"]) > 200


@flaw("greeting-code")
def _(s):
    return s.post("/api/greeting", {"pattern": "${7*191}"}, headers=key(s)).json["result"] == "1337"


@flaw("stack-shown")
def _(s):
    return "SyntaxError" in s.call("POST", "/api/login", body="{", headers={"Content-Type": "application/json"}).text


@flaw("naked-headers")
def _(s):
    return "X-Content-Type-Options" not in s.get("/api/members").headers


@flaw("key-stays")
def _(s):
    mine = login(s, A)
    s.post("/api/logout", headers=mine)
    return bool(s.get("/api/posts", headers=mine).json["result"])


@trap("two-hundred-refusals")
def _(s):
    got = s.get("/api/posts")
    return got.status == 200 and got.json["result"] is None and got.json["error"]["code"] == "not-logged-in"


@trap("posts-for-all")
def _(s):
    slug = write(s, published=True)
    return read(s, slug) == read(s, slug, B)


@trap("taken-back")
def _(s):
    slug = write(s)
    s.call("DELETE", "/api/posts/" + slug, headers=key(s))
    return read(s, slug)["error"]["code"] == "removed"


@trap("moderator-ignored")
def _(s):
    got = s.call("PATCH", "/api/members/marlene", {"about": "me", "username": "gertrud2"}, headers=key(s))
    return got.json["result"]["username"] == "marlene"


@trap("locks-after-five")
def _(s):
    return s.post("/api/login", {"username": "somebody", "password": "wrong"}).status == 200


@trap("echoed-preview")
def _(s):
    return s.post("/api/preview", {"text": "{{7*7}}<script>"}, headers=key(s)).json["result"]["text"] == "{{7*7}}<script>"


@trap("preview-slower")
def _(s):
    return 429 not in [s.get("/api/members", headers=key(s)).status for _ in range(40)]


@trap("fixed-origin")
def _(s):
    got = s.get("/api/posts", headers={**key(s), "Origin": "https://commons.example"}).headers
    return got["Access-Control-Allow-Origin"] == "https://commons.example"


@trap("cards-for-all")
def _(s):
    return s.get("/api/members/jonas", headers=key(s)).text == s.get("/api/members/jonas", headers=key(s, B)).text
