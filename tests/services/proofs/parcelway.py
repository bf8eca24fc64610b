"""The parcel service's flaws, proved by hand."""
import json
import time

from .kit import Proofs, Witness, b64, claims, hs256, signed_with, unsigned

PROOFS = Proofs()
flaw, trap = PROOFS.flaw, PROOFS.trap
PASS = {"mira": "Bubble-Wrap-88", "paolo": "Twine.And.Tape.3", "otto": "Control!Room#7", "dora": "Steering-dora-Wheel"}


def fresh(s, name, password=None):
    return s.post("/v2/auth/token", {"username": name, "password": password or PASS[name]})


def tok(s, name):
    return s.keep(name, lambda: fresh(s, name).json["data"]["attributes"]["accessToken"])


def new(s, name="mira", **more):
    return s.post("/v2/shipments", {"data": {"type": "shipments", "attributes": {"destination": "Pier 9", "weightGrams": 1000, **more}}}, token=tok(s, name)).json["data"]


def see(s, ident, name="mira"):
    return s.get("/v2/shipment?id=" + ident, token=tok(s, name))


def me(s, name):
    return s.get("/v2/profile", token=tok(s, name)).json["data"]


@flaw("filter-customer")
def _(s):
    got = s.get(f"/v2/shipments?filter[customer]={me(s, 'mira')['id']}&page[size]=50", token=tok(s, "paolo")).json["data"]
    return all(x["relationships"]["customer"]["data"]["id"] == me(s, "mira")["id"] for x in got) and len(got) > 10


@flaw("shipment-by-query")
def _(s):
    return see(s, new(s)["id"], "paolo").status == 200


@flaw("shipment-patch")
def _(s):
    x = new(s)["id"]
    s.call("PATCH", "/v2/shipment", {"data": {"type": "shipments", "id": x, "attributes": {"destination": "Elsewhere"}}}, token=tok(s, "paolo"))
    return see(s, x).json["data"]["attributes"]["destination"] == "Elsewhere"


@flaw("cancel-any")
def _(s):
    x = new(s)["id"]
    s.post(f"/v2/shipments/{x}/cancel", token=tok(s, "paolo"))
    return see(s, x).json["data"]["attributes"]["status"] == "cancelled"


@flaw("bulk-first")
def _(s):
    x, y = new(s)["id"], new(s, "paolo")["id"]
    s.post("/v2/shipments/bulk-delete", {"ids": [y, x]}, token=tok(s, "paolo"))
    return see(s, x).json["data"]["attributes"]["status"] == "archived"


@flaw("note-nested")
def _(s):
    x, y = new(s)["id"], new(s, "paolo")["id"]
    n = s.post(f"/v2/shipments/{x}/notes", {"data": {"attributes": {"body": "secret"}}}, token=tok(s, "mira")).json["data"]["id"]
    return s.get(f"/v2/shipments/{x}/notes/{n}", token=tok(s, "mira")).status == 200 and s.get(f"/v2/shipments/{y}/notes/{n}", token=tok(s, "paolo")).status == 200


@flaw("address-remove")
def _(s):
    made = s.post("/v2/addresses", {"data": {"attributes": {"street": "Lake 2", "city": "Potsdam"}}}, token=tok(s, "mira")).json["data"]["id"]
    s.call("DELETE", "/v2/addresses?id=" + made, token=tok(s, "paolo"))
    return made not in s.get("/v2/addresses", token=tok(s, "mira")).text


@flaw("export-all")
def _(s):
    return me(s, "mira")["id"] in s.get("/v2/shipments/export", token=tok(s, "paolo")).text


@flaw("assign-open")
def _(s):
    driver = s.get("/v2/drivers", token=tok(s, "mira")).json["data"][0]["id"]
    return s.post(f"/v2/jobs/{new(s)['attributes']['jobId']}/assign", {"driverId": driver}, token=tok(s, "mira")).status == 200


@flaw("customers-open")
def _(s):
    return s.get("/v2/customers", token=tok(s, "mira")).status == 200


@flaw("profile-role")
def _(s):
    s.call("PATCH", "/v2/profile", {"data": {"type": "profiles", "attributes": {"creditLimitCents": 777777}}}, token=tok(s, "mira"))
    s.call("PATCH", "/v2/profile", {"data": {"type": "profiles", "attributes": {"role": "dispatcher"}}}, token=tok(s, "mira"))
    got = me(s, "mira")["attributes"]
    s.call("PATCH", "/v2/profile", {"data": {"type": "profiles", "attributes": {"role": "customer"}}}, token=tok(s, "mira"))
    return (got["role"], got["creditLimitCents"]) == ("dispatcher", 777777)


@flaw("price-body")
def _(s):
    return see(s, new(s, priceCents=1)["id"]).json["data"]["attributes"]["priceCents"] == 1


@flaw("drivers-private")
def _(s):
    return "licenceNumber" in s.get("/v2/drivers", token=tok(s, "mira")).text


@flaw("events-open")
def _(s):
    return s.get(f"/v2/shipments/{new(s)['id']}/events").status == 200


@flaw("unsigned-token")
def _(s):
    return s.get("/v2/profile", token=unsigned(claims(tok(s, "mira")))).status == 200


@flaw("weak-key")
def _(s):
    forged = hs256({**claims(tok(s, "mira")), "sub": claims(tok(s, "otto"))["sub"]}, "changeme")
    return signed_with("changeme", tok(s, "mira")) and s.get("/v2/customers", token=forged).status == 200


@flaw("sort-sql")
def _(s):
    return "OperationalError" in s.get("/v2/shipments?sort=id'", token=tok(s, "mira")).text


@flaw("voucher-again")
def _(s):
    return [s.post("/v2/vouchers/redeem", {"code": "SPRING10"}, token=tok(s, "mira")).status for _ in range(2)] == [200, 200]


@flaw("login-unbounded")
def _(s):
    return 429 not in [fresh(s, "ghost", "wrong").status for _ in range(12)]


@flaw("reset-tells")
def _(s):
    return s.post("/v2/auth/password-reset", {"email": "mira@parcelway.example"}).status != s.post("/v2/auth/password-reset", {"email": "nobody@parcelway.example"}).status


@flaw("logout-void")
def _(s):
    token = fresh(s, "mira").json["data"]["attributes"]["accessToken"]
    return s.post("/v2/auth/logout", token=token).status == 204 and s.get("/v2/profile", token=token).status == 200


@flaw("page-unbounded")
def _(s):
    return len(s.get("/v2/shipments?page[size]=100000", token=tok(s, "mira")).json.get("data", [])) > 100


@flaw("webhook-anywhere")
def _(s):
    with Witness() as witness:
        made = s.post("/v2/webhooks", {"data": {"attributes": {"url": witness.url + "/hook"}}}, token=tok(s, "mira")).json
        s.post(f"/v2/webhooks/{made.get('data', {}).get('id')}/test", token=tok(s, "mira"))
        time.sleep(0.5)
        return witness.paths == ["/hook"]


@trap("tracking-public")
def _(s):
    got = s.get("/v2/tracking/" + new(s)["attributes"]["trackingNumber"])
    return got.status == 200 and set(got.json["data"]["attributes"]) == {"status", "lastPlace"} and got.headers["Access-Control-Allow-Origin"] == "*"


@trap("rates-public")
def _(s):
    got = s.get("/v2/rates")
    return got.status == 200 and "public" in got.headers["Cache-Control"]


@trap("recipient-reads")
def _(s):
    mine = s.get("/v2/shipments?page[size]=50", token=tok(s, "paolo")).json["data"]
    got = s.get("/v2/shipments?filter[reference]=PO-1106", token=tok(s, "mira")).json["data"]
    shared = [x for x in got if x["relationships"]["recipient"]["data"]]
    return len(shared) == 2 and all(see(s, x["id"], n).status == s.get(f"/v2/shipments/{x['id']}/events", token=tok(s, n)).status == 200 for x in shared for n in ("mira", "paolo")) and bool(mine)


@trap("bulk-errors-200")
def _(s):
    x = new(s)["id"]
    got = s.post("/v2/shipments/bulk-delete", {"ids": [x]}, token=tok(s, "paolo"))
    return got.status == 200 and got.json["errors"] and got.json["data"] == [] and see(s, x).json["data"]["attributes"]["status"] == "registered"


@trap("archived-stays")
def _(s):
    x = new(s)["id"]
    s.post("/v2/shipments/bulk-delete", {"ids": [x]}, token=tok(s, "mira"))
    return see(s, x).json["data"]["attributes"]["status"] == "archived"


@trap("ignored-fields")
def _(s):
    x = new(s, status="delivered", trackingNumber="PW1", customerId="cus_x")
    return x["attributes"]["status"] == "registered" and x["attributes"]["trackingNumber"] != "PW1" and x["relationships"]["customer"]["data"]["id"] == me(s, "mira")["id"]


@trap("idempotent-create")
def _(s):
    def send():
        return s.post("/v2/shipments", {"data": {"attributes": {"destination": "Pier 9"}}}, headers={"Idempotency-Key": "k-1"}, token=tok(s, "mira"))
    one, two = send(), send()
    return one.status == two.status == 201 and one.json["data"]["id"] == two.json["data"]["id"]


@trap("test-accepted")
def _(s):
    made = s.post("/v2/webhooks", {"data": {"attributes": {"url": "https://hooks.shop.invalid/x"}}}, token=tok(s, "mira")).json["data"]["id"]
    return s.post(f"/v2/webhooks/{made}/test", token=tok(s, "mira")).status == 202


@trap("dispatcher-acts")
def _(s):
    x = new(s)["id"]
    return s.post(f"/v2/shipments/{x}/cancel", token=tok(s, "otto")).status == 200 == see(s, x, "otto").status


@trap("any-reference")
def _(s):
    got = s.get("/v2/shipments?filter[reference]='", token=tok(s, "mira"))
    return got.status == 200 and got.json["data"] == []


@trap("drivers-for-all")
def _(s):
    return all("Dora Fink" in s.get("/v2/drivers", token=tok(s, n)).text for n in ("mira", "paolo"))


@trap("driver-sees-job")
def _(s):
    x = new(s)
    assert see(s, x["id"], "otto").status == 200
    took = s.post(f"/v2/jobs/{x['attributes']['jobId']}/accept", token=tok(s, "dora")).status
    return took == 200 == see(s, x["id"], "dora").status
