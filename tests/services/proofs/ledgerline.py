"""The bank's flaws, proved by hand."""
import time
from urllib.parse import quote

from .kit import Proofs, Witness, basic, explodes, takes

PROOFS = Proofs()
flaw, trap = PROOFS.flaw, PROOFS.trap
A, B, TELLER = basic("wanda", "Copper.Kettle.31"), basic("igor", "Seven-Bridges-Road"), basic("teller", "Counter#No4")


def balance(s, number="LL-1001", who=A):
    return s.get("/accounts/" + number, headers=who).json["balance"]


def send(s, who=A, key=None, **more):
    key = key or f"proof-{time.monotonic_ns()}"
    return s.post("/transfers", {"from": "LL-1001", "to": "LL-9000", "amount": 100, "request_id": key, **more}, headers=who)


@flaw("account-read")
def _(s):
    return s.get("/accounts/LL-1001", headers=B).status == 200


@flaw("entries-all")
def _(s):
    return len(s.get("/accounts/LL-1001/entries?limit=100000", headers=A).json) > 200


@flaw("transfer-twice")
def _(s):
    before = balance(s)
    send(s, key="the-same-key")
    send(s, key="the-same-key")
    return before - balance(s) == 200


@flaw("transfer-from")
def _(s):
    before = balance(s)
    send(s, B)
    return balance(s) < before


@flaw("transfer-read")
def _(s):
    return s.get("/transfers/" + s.get("/transfers", headers=A).json[0]["id"], headers=B).status == 200


@flaw("standing-delete")
def _(s):
    made = s.post("/standing-orders", {"from": "LL-1001", "to": "LL-9000", "amount": 5}, headers=A).json["id"]
    s.call("DELETE", "/standing-orders/" + made, headers=B)
    return made not in s.get("/standing-orders", headers=A).text


@flaw("my-limit")
def _(s):
    s.call("PATCH", "/me", {"daily_limit": 99999}, headers=B)
    return s.get("/me", headers=B).json["daily_limit"] == 99999


@flaw("printer-shell")
def _(s):
    def wait(n):
        return s.post("/accounts/LL-1001/print", {"printer": f"x; sleep {n}"}, headers=A)
    return takes(lambda: wait(1), lambda: wait(0), 1)


@flaw("hook-anywhere")
def _(s):
    with Witness() as witness:
        made = s.post("/webhooks", {"url": witness.url + "/hook"}, headers=A).json
        s.post(f"/webhooks/{made.get('id')}/test", headers=A)
        return witness.paths == ["/hook"]


@flaw("old-version")
def _(s):
    return "LL-2001" in s.get("/v0/accounts").text


@flaw("actuator")
def _(s):
    return "LEDGER_DB" in s.get("/actuator/env").text and "ledger_accounts" in s.get("/metrics").text


@flaw("loose-origin")
def _(s):
    got = s.get("/me", headers={**A, "Origin": "null"}).headers
    return got["Access-Control-Allow-Origin"] == "null" and got["Access-Control-Allow-Credentials"] == "true"


@flaw("basic-shown")
def _(s):
    return A["Authorization"] in s.get("/nothing", headers=A).text


@flaw("basic-forever")
def _(s):
    return 429 not in [s.get("/me", headers=basic("ghost", "wrong")).status for _ in range(8)]


@flaw("user-told")
def _(s):
    return s.get("/me", headers=basic("teller", "wrong")).text.replace("teller", "?") != \
        s.get("/me", headers=basic("nobody", "wrong")).text.replace("nobody", "?")


@flaw("documents-up")
def _(s):
    return "root:" in s.get("/documents/" + quote("../" * 12 + "etc/passwd", safe="")).text


@flaw("teller-open")
def _(s):
    return s.get("/teller/customers", headers=A).status == 200


@flaw("entries-open")
def _(s):
    return s.get("/accounts/LL-1001/entries").status == 200


@flaw("slow-reference")
def _(s):
    return explodes(lambda n: s.post("/references/check", {"reference": "A" * n + "!"}, headers=A))


@flaw("huge-memo")
def _(s):
    return send(s, memo="x" * 2_000_000).status == 201


@flaw("trace-back")
def _(s):
    return A["Authorization"] in s.call("TRACE", "/me", headers=A).text


@flaw("host-details")
def _(s):
    return "URIError" in s.get("/accounts/%zz", headers=A).text


@trap("public-rates")
def _(s):
    return s.get("/rates").status == 200 == s.get("/documents/terms.txt").status


@trap("limit-ignored")
def _(s):
    return s.call("PATCH", "/me", {"name": "other"}, headers=A).json["name"] == "wanda"


@trap("repeat-answers-again")
def _(s):
    return [send(s, key="yet-another-key").status < 300 for _ in range(2)] == [True, True]


@trap("two-standing-orders")
def _(s):
    ids = [s.post("/standing-orders", {"from": "LL-1001", "to": "LL-9000", "amount": 5}, headers=A).json["id"] for _ in range(2)]
    return ids[0] != ids[1]


@trap("odd-path-500")
def _(s):
    return s.get("/accounts/%zz", headers=A).status == 500


@trap("names-and-404")
def _(s):
    return s.get("/accounts/LL-7777", headers=A).status == 404


@trap("always-delivered-false")
def _(s):
    made = s.post("/webhooks", {"url": "https://hooks.ledgerline.example/x"}, headers=A)
    return made.status == 201


@trap("locks-after-five")
def _(s):
    return [s.get("/me", headers=basic("shade", "wrong")).status for _ in range(5)] == [401] * 5
