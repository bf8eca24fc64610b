"""The bakery's flaws, proved by hand."""
import time
from urllib.parse import quote

from .kit import Proofs, claims, signed_with, takes, unsigned

PROOFS = Proofs()
flaw, trap = PROOFS.flaw, PROOFS.trap
V = "/api/v1"
A, B, STAFF = (("hanna@crumb.example", "rye-and-butter-7"), ("otto@crumb.example", "poppy-seed-12"),
               ("meister@crumb.example", "Oven#At4Oclock"))


def token(s, who=A, fresh=False, **more):
    def login():
        return s.post(V + "/sessions", {"email": who[0], "password": who[1], **more}).json["data"]["token"]
    return login() if fresh else s.keep(who, login)


def order(s, who=A, quantity=1, **more):
    return s.post(V + "/orders", {"lines": [{"product_id": 1, "quantity": quantity}], "note": "mine", **more},
                  token=token(s, who)).json["data"]


def me(s, t):
    return s.get(V + "/me", token=t)


@flaw("search-quotes")
def _(s):
    return "OperationalError" in s.get(V + "/products?search=a%27").text


@flaw("tag-filter")
def _(s):
    def count(tag):
        return len(s.get(f"{V}/tags/{quote(tag)}/products").json["data"])
    return count("rye' and '1'='1") == 20 and count("rye' and '1'='2") == 0


@flaw("newsletter-sql")
def _(s):
    def wait(n):
        return s.post(V + "/newsletter", {"email": f"x' or sleep({n})-- "})
    return takes(lambda: wait(1), lambda: wait(0), 1)


@flaw("order-read")
def _(s):
    return s.get(f"{V}/orders/{order(s)['id']}", token=token(s, B)).json.get("data", {}).get("note") == "mine"


@flaw("order-change")
def _(s):
    i = order(s)["id"]
    s.call("PATCH", f"{V}/orders/{i}", {"note": "theirs"}, token=token(s, B))
    return s.get(f"{V}/orders/{i}", token=token(s)).json["data"]["note"] == "theirs"


@flaw("order-cancel")
def _(s):
    i = order(s)["id"]
    s.call("DELETE", f"{V}/orders/{i}", token=token(s, B))
    return s.get(f"{V}/orders/{i}", token=token(s)).json["data"]["status"] == "cancelled"


@flaw("order-price")
def _(s):
    made = order(s, total=1, status="paid")
    return made["total"] == 1 and made["status"] == "paid"


@flaw("profile-role")
def _(s):
    s.call("PATCH", V + "/me", {"role": "baker", "credit": 77777}, token=token(s, B))
    return me(s, token(s, B)).json["data"]["credit"] == 77777


@flaw("review-authors")
def _(s):
    return "password" in s.get(V + "/products/1/reviews").json["data"][0]["author"]


@flaw("pay-twice")
def _(s):
    i, t = order(s)["id"], token(s)
    before = me(s, t).json["data"]["credit"]
    for _ in (1, 2):
        s.post(f"{V}/orders/{i}/payment", headers={"Idempotency-Key": "key-of-mine"}, token=t)
    return before - me(s, t).json["data"]["credit"] == 2 * order(s)["total"]


@flaw("coupon-again")
def _(s):
    i, t = order(s)["id"], token(s)
    totals = [s.post(f"{V}/orders/{i}/coupon", {"code": "SPRING"}, token=t).json.get("data", {}).get("total") for _ in (1, 2)]
    return None not in totals and totals[1] < totals[0]


@flaw("unsigned-tokens")
def _(s):
    return me(s, unsigned(claims(token(s)))).status == 200


@flaw("token-bytes")
def _(s):
    head, body, signature = token(s).split(".")
    return me(s, f"{head}.{body}.{signature[::-1]}").status == 200


@flaw("guessable-key")
def _(s):
    return signed_with("changeme", token(s))


@flaw("stale-tokens")
def _(s):
    short = token(s, fresh=True, ttl=1)
    time.sleep(1.2)
    return me(s, short).status == 200


@flaw("logout-keeps")
def _(s):
    t = token(s, fresh=True)
    return s.call("DELETE", V + "/sessions/current", token=t).status == 204 and me(s, t).status == 200


@flaw("login-unlimited")
def _(s):
    who = {"email": "ghost@crumb.example", "password": "wrong-one"}
    return 429 not in [s.post(V + "/sessions", who).status for _ in range(8)]


@flaw("login-tells")
def _(s):
    tries = [s.post(V + "/sessions", {"email": e, "password": "wrong-one"}).status for e in (STAFF[0], "no@crumb.example")]
    return tries == [401, 404]


@flaw("staff-list")
def _(s):
    return s.get(V + "/staff/accounts", token=token(s)).status == 200


@flaw("per-page")
def _(s):
    return len(s.get(V + "/products?per_page=100000").json["data"]) == 240


@flaw("orders-open")
def _(s):
    return len(s.get(V + "/orders").json.get("data", [])) > 1


@trap("catalogue")
def _(s):
    return s.get(V + "/products/3", token=token(s)).text == s.get(V + "/products/3", token=token(s, B)).text


@trap("role-ignored")
def _(s):
    got = s.call("PATCH", V + "/me", {"name": "Hanna B", "id": 99}, token=token(s))
    return got.status == 200 and got.json["data"]["id"] == 1


@trap("cancelled-orders")
def _(s):
    i, t = order(s)["id"], token(s)
    s.call("DELETE", f"{V}/orders/{i}", token=t)
    got = s.get(f"{V}/orders/{i}", token=t)
    return got.status == 200 and got.json["data"]["status"] == "cancelled"


@trap("not-found-for-others")
def _(s):
    return s.post(f"{V}/orders/{order(s)['id']}/payment", headers={"Idempotency-Key": "another-key"},
                  token=token(s, B)).status == 404


@trap("quotes-dropped")
def _(s):
    return [s.post(V + "/newsletter", {"email": "a" + q}).text for q in ("'", '"', "", "''")] == \
        [s.post(V + "/newsletter", {"email": "a"}).text] * 4


@trap("echoed-note")
def _(s):
    return order(s, note="<script>alert(7)</script>{{7*7}}")["note"] == "<script>alert(7)</script>{{7*7}}"
