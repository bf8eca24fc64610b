"""Beacon: sensors and their readings, standard library only. Keys by sign-up, in the header X-Beacon-Ident.

DELIBERATELY WEAK, a target for the scanner's tests. It binds 127.0.0.1 alone and keeps everything in memory.
    beacon.py --port 0 --flaws none|all|a,b,c          truth.json tells what is wrong
"""
import argparse
import csv
import io
import json
import pathlib
import re
import secrets
import signal
import sqlite3
import threading
import time
from collections import defaultdict, deque
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlsplit

FLAWS = """language-raw readings-flood left-in-root private-readings sensor-change sensor-delete level-sql field-sql any-key account-delete
 owner-key owner-assign readings-max key-in-refusal slow-unit big-batch invoice-read name-clock""".split()


class Shop:
    """All that the service knows."""

    def __init__(self, weak):
        self.weak = weak
        self.lock = threading.RLock()
        self.recent = defaultdict(deque)
        self.db = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.create_function("sleep", 1, lambda s: time.sleep(min(float(s), 10)) or 0)  # stands for the MariaDB of production
        self.db.executescript("""
            create table account(name text primary key, key text, operator int default 0);
            create table sensor(slug text primary key, owner text, label text, unit text, public int, verified int default 0, gone int default 0);
            create table reading(id integer primary key, sensor text, at text, value real);
            create table alert(id integer primary key, owner text, level int, text text);
            create table invoice(id integer primary key, owner text, cents int, month text);""")
        for name, key, operator in (("harbour", "bk_harbour_90c1d7a25e", 0), ("orchard", "bk_orchard_47f0e8b3d6", 0), ("lighthouse", "bk_light_c2a94d5f01", 1)):
            self.q("insert into account values(?,?,?)", name, key, operator)
        for slug, owner, label, public in (("quay-wind", "harbour", "Wind at the quay", 1), ("pump-7", "harbour", "Pump 7, cellar", 0),
                                           ("frost-north", "orchard", "Frost, north side", 0)):
            self.q("insert into sensor(slug,owner,label,unit,public) values(?,?,?,'degC',?)", slug, owner, label, public)
            for i in range(300):
                self.q("insert into reading(sensor,at,value) values(?,?,?)", slug, f"2024-05-{1 + i // 24:02}T{i % 24:02}:00Z", (i * 7) % 31)
        for owner in ("harbour", "orchard"):
            for level in range(1, 6):
                self.q("insert into alert(owner,level,text) values(?,?,?)", owner, level, f"{owner}: level {level}")
            self.q("insert into invoice(owner,cents,month) values(?,?,'2024-05')", owner, 1900)

    def q(self, sql, *values):
        with self.lock:
            return [dict(r) for r in self.db.execute(sql, values)]

    def one(self, sql, *values):
        return next(iter(self.q(sql, *values)), None)

    def crowded(self, what, most, seconds=10):
        seen = self.recent[what]
        while seen and seen[0] < time.monotonic() - seconds:
            seen.popleft()
        seen.append(time.monotonic())
        return len(seen) > most


class Stop(Exception):
    def __init__(self, status, why, **headers):
        self.status, self.why, self.headers = status, why, headers


ROUTES = []


def route(method, pattern, key=True):
    compiled = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern))
    return lambda function: ROUTES.append((method, compiled, function, key)) or function


def sensor_of(c, slug, owner=True, flaw=None):
    found = c.shop.one("select * from sensor where slug=?", slug)
    if not found or (owner and found["owner"] != c.me["name"] and flaw not in c.shop.weak):
        raise Stop(404, "no such sensor")
    if found["gone"]:
        raise Stop(410, "this sensor was taken down")
    return found


def view(c, s):
    shown = {"slug": s["slug"], "label": s["label"], "unit": s["unit"], "public": bool(s["public"]), "verified": bool(s["verified"]), "owner": s["owner"]}
    if "owner-key" in c.shop.weak:
        shown["owner_account"] = c.shop.one("select * from account where name=?", s["owner"])
    return shown


@route("GET", "/swagger.json", key=False)
def swagger(c):
    return (pathlib.Path(__file__).parent / "beacon.openapi.json").read_text()


@route("GET", "/status", key=False)
def status(c):
    return {"status": "up", "sensors": c.shop.one("select count(*) n from sensor")["n"]}


@route("POST", "/accounts", key=False)
def sign_up(c):
    name = c.body.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9-]{2,24}", name):
        raise Stop(422, "name: 3 to 25 small letters, digits and hyphens")
    if c.shop.one("select 1 from account where name=?", name):
        raise Stop(409, "this name is taken")
    key = f"bk_{name[:8]}_{secrets.token_hex(8)}"
    c.shop.q("insert into account(name,key) values(?,?)", name, key)
    return 201, {"name": name, "key": key}


@route("DELETE", "/accounts/{name}")
def close_account(c, name):
    if not c.me["operator"] and name != c.me["name"] and "account-delete" not in c.shop.weak:
        raise Stop(403, "operators only")
    found = c.shop.one("select * from account where name=?", name)
    if not found or found["operator"]:
        raise Stop(404, "no such account")
    c.shop.q("delete from account where name=?", name)
    return 204, None


@route("GET", "/accounts/{name}")
def account(c, name):
    if not c.shop.one("select 1 from account where name=?", name):
        raise Stop(404, "no such account")
    return {"name": name}


@route("GET", "/sensors")
def sensors(c):
    return [view(c, s) for s in c.shop.q("select * from sensor where (public=1 or owner=?) and gone=0 order by slug limit 100", c.me["name"])]


@route("PUT", "/sensors/{slug}")
def put_sensor(c, slug):
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,40}", slug):
        raise Stop(422, "slug: small letters, digits and hyphens")
    found = c.shop.one("select * from sensor where slug=?", slug)
    if found and found["owner"] != c.me["name"] and "sensor-change" not in c.shop.weak:
        raise Stop(404, "no such sensor")
    if found and found["gone"]:
        raise Stop(410, "this sensor was taken down")
    label, unit = str(c.body.get("label", slug))[:80], str(c.body.get("unit", "degC"))[:60]
    pattern = r"([A-Za-z]+[/.]?)+" if "slow-unit" in c.shop.weak else r"[A-Za-z]+(?:[/.][A-Za-z]+)*[/.]?"
    if not re.fullmatch(pattern, unit):
        raise Stop(422, "unit: letters, with / or . between")
    with c.shop.lock:
        c.shop.q("insert or ignore into sensor(slug,owner,label,unit,public) values(?,?,'','',0)", slug, c.me["name"])
        c.shop.q("update sensor set label=?, unit=?, public=? where slug=?", label, unit, int(c.body.get("public") is True), slug)
        for field in ("owner", "verified") if "owner-assign" in c.shop.weak else ():
            if field in c.body:
                c.shop.q(f"update sensor set {field}=? where slug=?", c.body[field], slug)
    return 200 if found else 201, view(c, c.shop.one("select * from sensor where slug=?", slug))


@route("GET", "/sensors/{slug}")
def get_sensor(c, slug):
    found = sensor_of(c, slug, owner=False)
    if not found["public"] and found["owner"] != c.me["name"]:
        raise Stop(404, "no such sensor")
    return view(c, found)


@route("DELETE", "/sensors/{slug}")
def take_down(c, slug):
    sensor_of(c, slug, flaw="sensor-delete")
    c.shop.q("update sensor set gone=1 where slug=?", slug)
    return 204, None


@route("GET", "/sensors/{slug}/readings")
def readings(c, slug):
    found = sensor_of(c, slug, owner=False)
    if not found["public"] and found["owner"] != c.me["name"] and "private-readings" not in c.shop.weak:
        raise Stop(404, "no such sensor")
    most = max(int(c.query.get("max", 50)), 1)
    most = most if "readings-max" in c.shop.weak else min(most, 100)
    page = c.shop.q("select id, at, value from reading where sensor=? and id > ? order by id limit ?", slug, int(c.query.get("token", 0)), most)
    return {"readings": page, "token": page[-1]["id"] if len(page) == most else None}


@route("POST", "/sensors/{slug}/readings")
def add_readings(c, slug):
    sensor_of(c, slug)
    if c.shop.crowded(("readings", c.me["name"]), 30) and "readings-flood" not in c.shop.weak:
        raise Stop(429, "30 calls in 10 seconds", **{"Retry-After": "10", "X-RateLimit-Limit": "30", "X-RateLimit-Remaining": "0"})
    batch = c.body.get("readings")
    if not isinstance(batch, list) or (len(batch) > 100 and "big-batch" not in c.shop.weak) or not all(
            isinstance(r, dict) and isinstance(r.get("value"), (int, float)) for r in batch):
        raise Stop(422, "readings: a list of at most 100, each with at and value")
    for r in batch:
        c.shop.q("insert into reading(sensor,at,value) values(?,?,?)", slug, str(r.get("at", ""))[:30], float(r["value"]))
    return 201, {"stored": len(batch)}


@route("GET", "/sensors/{slug}/mean")
def mean(c, slug):
    sensor_of(c, slug)
    field = c.query.get("field", "value")
    if "field-sql" not in c.shop.weak:
        if field not in ("value", "id"):
            raise Stop(422, "field: value or id")
        return c.shop.one(f"select avg({field}) mean from reading where sensor=?", slug)
    try:
        return c.shop.one(f"select avg({field}) mean from reading where sensor=?", slug)
    except sqlite3.Error as error:
        return {"mean": None, "error": f"SQL logic error: {error}"}


@route("GET", "/sensors/{slug}/export")
def export(c, slug):
    sensor_of(c, slug)
    out = io.StringIO()
    csv.writer(out).writerows([("at", "value"), *((r["at"], r["value"]) for r in c.shop.q("select * from reading where sensor=? limit 100", slug))])
    language = c.query.get("lang", "en")
    if "language-raw" not in c.shop.weak:
        language = quote(language, safe="-")[:40]
    return 200, out.getvalue(), {"Content-Type": "text/csv; charset=utf-8", "Content-Language": language}


@route("GET", "/alerts")
def alerts(c):
    level = c.query.get("min_level", "1")
    if "level-sql" in c.shop.weak:
        try:
            return c.shop.q(f"select id, level, text from alert where owner=? and level >= {level} order by id", c.me["name"])
        except sqlite3.Error:
            return []
    return c.shop.q("select id, level, text from alert where owner=? and level >= ? order by id", c.me["name"], int(level) if level.isdecimal() else 0)


@route("GET", "/names/{name}", key=False)
def name_free(c, name):
    # A form asks this while one types; it answers the same unless the name is of the wrong shape.
    try:
        if "name-clock" in c.shop.weak:
            c.shop.q(f"select 1 from account where name = '{name}' limit 1")
    except sqlite3.Error:
        pass
    return {"shape": "fine"}


@route("GET", "/invoices")
def invoices(c):
    return c.shop.q("select id, cents, month from invoice where owner=?", c.me["name"])


@route("GET", "/invoices/{number}")
def invoice(c, number):
    found = c.shop.one("select * from invoice where id=?", int(number) if number.isdecimal() and len(number) < 10 else 0)
    if not found or (found["owner"] != c.me["name"] and "invoice-read" not in c.shop.weak):
        raise Stop(404, "no such invoice")
    return found


@route("GET", "/forecast")
def forecast(c):
    time.sleep(1.5)  # the model always takes its time
    return {"place": c.query.get("place", "here")[:60], "tomorrow": "fair"}


LEFT = {"/.env": "BEACON_DB=mariadb://beacon:kelp-forest-1@db/beacon\nSECRET_KEY=0b5f7c\n", "/backup.sql": "-- MariaDB dump\nINSERT INTO `account` VALUES ('lighthouse','bk_light_...',1);\n",
        "/debug": "<h1>Debug</h1><pre>threads: 4\nBEACON_DB=mariadb://beacon:kelp-forest-1@db/beacon</pre>"}
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
           "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Access-Control-Allow-Origin": "*"}


class Call(BaseHTTPRequestHandler):
    protocol_version, timeout, shop = "HTTP/1.1", 20, None
    log_message = lambda self, *_: None  # noqa: E731
    version_string = lambda self: "beacon"  # noqa: E731

    def identify(self):
        key = self.headers.get("X-Beacon-Ident", "")
        found = self.shop.one("select * from account where key=?", key) if key else None
        if not found and "any-key" in self.shop.weak and re.fullmatch(r"bk_\w+", key):
            found = {"name": key.split("_")[1], "operator": 0}  # the cache has forgotten it; the shape is right
        if not found:
            hint = f": {key}" if key and "key-in-refusal" in self.shop.weak else ""
            raise Stop(401, "a known X-Beacon-Ident is needed" + hint)
        return found

    def read_body(self):
        length, most = int(self.headers.get("Content-Length") or 0), 256 * 1024
        if "Transfer-Encoding" in self.headers or (length > most and "big-batch" not in self.shop.weak):
            self.close_connection = True
            self.rfile.read(min(length, most * 64))  # who still talks does not hear the answer
            raise Stop(413, "at most 256 kB, with Content-Length")
        raw = self.rfile.read(length)
        try:
            value = json.loads(raw) if raw else {}
        except ValueError:
            raise Stop(400, "the body is not JSON") from None
        return value if isinstance(value, dict) else {}

    def result(self):
        url = urlsplit(self.path)
        self.query, self.body = dict(parse_qsl(url.query)), self.read_body()
        if "left-in-root" in self.shop.weak and url.path in LEFT:
            return 200, LEFT[url.path], {"Content-Type": "text/html" if url.path == "/debug" else "text/plain"}
        matches = [(m, f, key, p.fullmatch(url.path)) for m, p, f, key in ROUTES if p.fullmatch(url.path)]
        if self.command == "OPTIONS" and matches:
            return 204, None, {"Allow": ", ".join(sorted({m for m, *_ in matches})), "Access-Control-Allow-Headers": "X-Beacon-Ident, Content-Type"}
        for method, function, key, match in matches:
            if method == self.command or (method, self.command) == ("GET", "HEAD"):
                self.me = self.identify() if key else None
                got = function(self, *map(unquote, match.groups()))
                return got if isinstance(got, tuple) else (200, got)
        raise Stop(405 if matches else 404, "not here")

    def handle_call(self):
        try:
            code, value, headers = (*self.result(), {})[:3]
        except Stop as no:
            code, headers = no.status, {"Content-Type": "application/problem+json", **no.headers}
            value = {"title": HTTPStatus(code).phrase, "status": code, "detail": no.why}
        except Exception:
            code, headers, value = 500, {"Content-Type": "application/problem+json"}, {"title": "Internal error", "status": 500}
        text = b"" if value is None else (value if isinstance(value, str) else json.dumps(value)).encode()
        self.send_response(code)
        for name, content in {"Content-Type": "application/json", **HEADERS, **headers}.items():
            self.send_header(name, content)
        if code != 204:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD" and code != 204:
            self.wfile.write(text)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = handle_call


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--flaws", default="none", help="none, all, or some of: " + " ".join(FLAWS))
    chosen = parser.parse_args()
    weak = set(FLAWS) if chosen.flaws == "all" else set() if chosen.flaws == "none" else set(chosen.flaws.split(","))
    if not weak <= set(FLAWS):
        parser.error(f"unknown: {weak - set(FLAWS)}")
    Call.shop = Shop(weak)
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer.handle_error = lambda *_: None  # a caller that left
    server = ThreadingHTTPServer(("127.0.0.1", chosen.port), Call)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # ends even while a pattern is busy; nothing is on disk
    print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
