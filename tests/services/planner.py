# Planner - projects and tasks of organisations. Flask, session cookies, JSON:API bodies, HTML error pages.
#
# *** DELIBERATELY WEAK ***  Made to be attacked by the scanner's tests. Binds 127.0.0.1, keeps all in memory.
# planner.py --port 0 --flaws none|all|a,b,c      what each flaw is: truth.json
import html
import os
import re
import secrets
import signal
import sqlite3
import sys
import threading
import time
import traceback
from hashlib import scrypt
from hmac import compare_digest

from flask import Flask, abort, jsonify, make_response, redirect, request
from lxml import etree
from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler, make_server

KNOWN = {"foreign-project", "foreign-task", "foreign-delete", "promote-self", "approve-own", "included-users", "sort-sql", "filter-sql",
         "locale-sql", "next-slashes", "method-param", "cookie-bare", "cookie-kept", "logout-shallow", "import-entities", "page-size",
         "error-pages", "login-endless", "users-open", "board-open", "body-endless", "any-origin"}
W = set()
app = Flask(__name__)
sql_lock = threading.RLock()
sql = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
sql.row_factory = sqlite3.Row
sql.create_function("pg_sleep", 1, lambda s: time.sleep(min(float(s), 10)) or "")  # the big installations run PostgreSQL
sessions = {}  # sid -> login
attempts = {}  # address -> times

sql.executescript("""
create table users(login text primary key, name text, mail text, salt text, digest text, admin int, locale text default 'en');
create table orgs(slug text primary key, name text);
create table members(org text, login text, role text);
create table projects(org text, slug text, name text, budget int, version int default 1, primary key(org, slug));
create table tasks(id integer primary key, org text, project text, title text, status text, approved int default 0, author text);
""")


def q(statement, *values):
    with sql_lock:
        return [dict(r) for r in sql.execute(statement, values).fetchall()]


def q1(statement, *values):
    return next(iter(q(statement, *values)), None)


def digest(password, salt):
    return scrypt(password.encode(), salt=salt.encode(), n=512, r=8, p=1).hex()


def seed():
    for login, name, password, admin, org, role in (
            ("timo", "Timo Hart", "Whiteboard-Marker-9", 0, "acme", "member"), ("vera", "Vera Quist", "Yellow.Sticky.Notes", 0, "globex", "member"),
            ("rosa", "Rosa Field", "Gantt!Chart!2020", 1, "acme", "owner")):
        salt = secrets.token_hex(8)
        q("insert into users(login,name,mail,salt,digest,admin) values(?,?,?,?,?,?)", login, name, f"{login}@{org}.example", salt, digest(password, salt), admin)
        q("insert into members values(?,?,?)", org, login, role)
    for org, name, project, title in (("acme", "Acme", "rocket", "Rocket skates"), ("globex", "Globex", "dome", "Weather dome")):
        q("insert into orgs values(?,?)", org, name)
        q("insert into projects(org,slug,name,budget) values(?,?,?,?)", org, project, title, 5000)
        for i in range(130):
            q("insert into tasks(org,project,title,status,author) values(?,?,?,?,?)", org, project, f"{title} step {i}", ("open", "done")[i % 2], "rosa")


# ------------------------------------------------------------------ shapes

def resource(kind, ident, **attributes):
    return {"type": kind, "id": str(ident), "attributes": attributes}


def document(value, status=200, headers=(), **more):
    answer = make_response(jsonify({"data": value, **more}), status)
    answer.headers["Content-Type"] = "application/vnd.api+json"
    answer.headers.update(dict(headers))
    return answer


def task(t):
    return resource("task", t["id"], title=t["title"], status=t["status"], approved=bool(t["approved"]), author=t["author"])


def attributes():
    body = request.get_json(force=True, silent=True)
    given = body.get("data", {}).get("attributes", {}) if isinstance(body, dict) and isinstance(body.get("data"), dict) else {}
    return given if isinstance(given, dict) else {}


def me():
    login = sessions.get(request.cookies.get("planner_sid"))
    return q1("select * from users where login=?", login) if login else abort(401)


def member(org, flaw=""):
    who = me()
    role = q1("select role from members where org=? and login=?", org, who["login"])
    if not role and flaw not in W:
        abort(403)
    return who, role and role["role"]


def the_project(org, project):
    return q1("select * from projects where org=? and slug=?", org, project) or abort(404)


# ------------------------------------------------------------------ around every call

@app.before_request
def before():
    limit = 10**9 if "body-endless" in W else 128 * 1024
    if "chunked" in request.headers.get("Transfer-Encoding", "") or (request.content_length or 0) > limit:
        abort(413)
    if "method-param" in W and request.args.get("_method") == "DELETE" and request.method == "GET":
        found = re.fullmatch(r"/orgs/([^/]+)/projects/([^/]+)", request.path)
        if found and me():
            return drop_project(*found.groups())
    return None


@app.after_request
def after(answer):
    if "cookie-bare" not in W:
        answer.headers.update({"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "same-origin",
                               "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "X-Frame-Options": "DENY"})
    if "any-origin" in W and "Origin" in request.headers:
        answer.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
        answer.headers["Access-Control-Allow-Credentials"] = "true"
    return answer


@app.errorhandler(Exception)
def error_page(error):
    if isinstance(error, HTTPException):
        code, text = error.code, html.escape(error.name)
    else:
        code, text = 500, "Something broke"
        if "error-pages" in W or ("sort-sql" in W and isinstance(error, sqlite3.Error)):
            text += "<pre>" + html.escape(traceback.format_exc()) + "</pre>"
    return f"<!doctype html><title>{code}</title><h1>{text}</h1>", code


# ------------------------------------------------------------------ sessions

@app.get("/openapi.json")
def described():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "planner.openapi.json")) as f:
        return app.response_class(f.read(), mimetype="application/json")


@app.get("/form-token")
def form_token():
    return jsonify(token=secrets.token_hex(16))  # for the HTML forms, which are not part of this; it opens nothing


@app.post("/login")
def login():
    recent = [t for t in attempts.get(request.remote_addr, []) if t > time.time() - 10]
    attempts[request.remote_addr] = recent + [time.time()]
    if len(recent) >= 30 and "login-endless" not in W:
        return make_response("<h1>Too many logins</h1>", 429, {"Retry-After": "10"})
    given = attributes()
    who = q1("select * from users where login=?", str(given.get("login"))[:80])
    right = compare_digest(digest(str(given.get("password"))[:200], who["salt"] if who else "none"), who["digest"] if who else "none")
    if not right:
        abort(401)
    brought = request.cookies.get("planner_sid")
    sid = brought if brought and "cookie-kept" in W else secrets.token_urlsafe(24)
    if brought != sid:
        sessions.pop(brought, None)
    sessions[sid] = who["login"]
    answer = document(resource("user", who["login"], name=who["name"], locale=who["locale"]))
    bare = "cookie-bare" in W
    answer.set_cookie("planner_sid", sid, httponly=not bare, samesite=None if bare else "Lax")
    return answer


@app.post("/logout")
def logout():
    me()
    if "logout-shallow" not in W:
        sessions.pop(request.cookies.get("planner_sid"), None)
    answer = make_response("", 204)
    answer.delete_cookie("planner_sid")
    return answer


@app.get("/session")
def session():
    who = me()
    return document(resource("user", who["login"], name=who["name"], mail=who["mail"], locale=who["locale"], admin=bool(who["admin"])))


@app.patch("/session")
def change_session():
    who, given = me(), attributes()
    fields = ("name", "mail", "admin") if "promote-self" in W else ("name", "mail")
    for field in fields:
        if field in given:
            q(f"update users set {field}=? where login=?", int(given[field]) if field == "admin" else str(given[field])[:100], who["login"])
    return session()


@app.put("/session/locale")
def locale():
    who, chosen = me(), str(attributes().get("locale", "en"))[:120]
    try:
        if "locale-sql" in W:
            q(f"update users set locale='{chosen}' where login='{who['login']}'")
        elif re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", chosen):
            q("update users set locale=? where login=?", chosen, who["login"])
    except (sqlite3.Error, sqlite3.Warning):
        pass  # a locale is not worth an error
    return "", 204


@app.get("/go")
def go():
    to = request.args.get("next", "/")[:300]
    allowed = to.startswith("/") if "next-slashes" in W else re.fullmatch(r"/(?:[\w.-]+/)*[\w.-]*", to)
    return redirect(to if allowed else "/", 303)


# ------------------------------------------------------------------ organisations, projects, tasks

@app.get("/orgs")
def orgs():
    return document([resource("org", o["slug"], name=o["name"], role=o["role"]) for o in
                     q("select o.*, m.role from orgs o join members m on m.org=o.slug where m.login=?", me()["login"])])


@app.get("/orgs/<org>/members")
def org_members(org):
    member(org)
    people = q("select u.*, m.role from users u join members m on m.login=u.login where m.org=?", org)
    keep = (lambda u: u) if "included-users" in W else (lambda u: {"name": u["name"]})
    return document([resource("member", u["login"], role=u["role"]) for u in people],
                    included=[resource("user", u["login"], **keep(u)) for u in people])


@app.post("/orgs/<org>/members")
def invite(org):
    _, role = member(org)
    if role != "owner":
        abort(403)
    login = str(attributes().get("login"))
    if not q1("select 1 from users where login=?", login) or q1("select 1 from members where org=? and login=?", org, login):
        abort(409)
    q("insert into members values(?,?,'member')", org, login)
    return document(resource("member", login, role="member"), 201)


@app.get("/orgs/<org>/projects")
def projects(org):
    member(org)
    return document([resource("project", p["slug"], name=p["name"]) for p in q("select * from projects where org=? limit 100", org)])


@app.post("/orgs/<org>/projects")
def new_project(org):
    member(org)
    name = str(attributes().get("name", ""))[:60]
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or abort(422)
    if q1("select 1 from projects where org=? and slug=?", org, slug):
        abort(409)
    q("insert into projects(org,slug,name,budget) values(?,?,?,0)", org, slug, name)
    return one_project(org, slug, 201)


@app.get("/orgs/<org>/projects/<project>")
def one_project(org, project, status=200):
    member(org, "foreign-project")
    p = the_project(org, project)
    return document(resource("project", p["slug"], name=p["name"], budget=p["budget"]), status, {"ETag": f'"v{p["version"]}"'})


@app.patch("/orgs/<org>/projects/<project>")
def change_project(org, project):
    member(org)
    p = the_project(org, project)
    if request.headers.get("If-Match") != f'"v{p["version"]}"':
        abort(428 if "If-Match" not in request.headers else 412)
    q("update projects set name=?, version=version+1 where org=? and slug=?", str(attributes().get("name", p["name"]))[:60], org, project)
    return one_project(org, project)


@app.delete("/orgs/<org>/projects/<project>")
def delete_project(org, project):
    member(org, "foreign-delete")
    return drop_project(org, project)


def drop_project(org, project):
    the_project(org, project)
    q("delete from tasks where org=? and project=?", org, project)
    q("delete from projects where org=? and slug=?", org, project)
    return "", 204


@app.get("/orgs/<org>/projects/<project>/tasks")
def tasks(org, project):
    if "board-open" not in W or request.cookies:
        member(org)
    size = max(int(request.args.get("page[size]", 25)), 1)
    size = size if "page-size" in W else min(size, 100)
    where, values = "org=? and project=?", [org, project]
    if "filter[status]" in request.args:
        if "filter-sql" in W:
            where += f" and status='{request.args['filter[status]']}'"
        else:
            where, values = where + " and status=?", [*values, request.args["filter[status]"]]
    sort = request.args.get("sort", "id")
    if "sort-sql" not in W and sort.lstrip("-") not in ("id", "title", "status"):
        abort(400)
    order = sort[1:] + " desc" if sort.startswith("-") else sort
    try:
        found = q(f"select * from tasks where {where} order by {order} limit {size}", *values)
    except sqlite3.Error:
        if "sort" in request.args:
            raise
        found = []
    return document([task(t) for t in found])


@app.post("/orgs/<org>/projects/<project>/tasks")
def new_task(org, project):
    who, _ = member(org)
    the_project(org, project)
    given = attributes()
    title = str(given.get("title", ""))[:200] or abort(422)
    approved = int(bool(given.get("approved"))) if "approve-own" in W else 0
    with sql_lock:
        q("insert into tasks(org,project,title,status,approved,author) values(?,?,?,'open',?,?)", org, project, title, approved, who["login"])
        return document(task(q1("select * from tasks where id=last_insert_rowid()")), 201)


@app.route("/orgs/<org>/projects/<project>/tasks/<int:number>", methods=["GET", "PATCH"])
def one_task(org, project, number):
    member(org, "foreign-task" if request.method == "PATCH" else "")
    found = q1("select * from tasks where org=? and project=? and id=?", org, project, min(number, 2**60)) or abort(404)
    if request.method == "PATCH":
        given = attributes()
        status = given.get("status") if given.get("status") in ("open", "done") else found["status"]
        q("update tasks set title=?, status=? where id=?", str(given.get("title", found["title"]))[:200], status, found["id"])
        found = q1("select * from tasks where id=?", found["id"])
    return document(task(found))


@app.post("/orgs/<org>/projects/<project>/import")
def bring_in(org, project):
    who, _ = member(org)
    the_project(org, project)
    trusting = "import-entities" in W
    raw = request.get_data()
    if not trusting and b"<!" in raw:
        abort(400)
    try:
        tree = etree.fromstring(raw, etree.XMLParser(resolve_entities=trusting, load_dtd=trusting, no_network=True))
    except etree.XMLSyntaxError:
        abort(400)
    titles = ["".join(t.itertext()).strip()[:2000] for t in tree.iter("task")][:50]
    for title in titles:
        q("insert into tasks(org,project,title,status,author) values(?,?,?,'open',?)", org, project, title, who["login"])
    return document([resource("task", "", title=t) for t in titles], 201)


@app.get("/admin/users")
def users():
    if not me()["admin"] and "users-open" not in W:
        abort(403)
    return document([resource("user", u["login"], name=u["name"], mail=u["mail"]) for u in q("select * from users")])


class Handler(WSGIRequestHandler):
    version_string = lambda self: "planner"  # noqa: E731
    log = log_request = lambda self, *_: None  # noqa: E731


if __name__ == "__main__":
    options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    names = options.get("--flaws", "none")
    W |= KNOWN if names == "all" else set() if names == "none" else set(names.split(","))
    if W - KNOWN:
        sys.exit(f"unknown flaws: {sorted(W - KNOWN)}")
    seed()
    server = make_server("127.0.0.1", int(options.get("--port", 0)), app, threaded=True, request_handler=Handler)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # all in memory
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
