# Parcelway - parcel delivery for customers, drivers and dispatchers. aiohttp, SQLite, JSON:API.
#
# *** DELIBERATELY WEAK ***  A practice target for the scanner. Binds 127.0.0.1, keeps all in memory.
# parcelway.py --port 0 --flaws none|all|a,b,c      what each flaw is: truth.json
import asyncio
import csv
import hashlib
import hmac
import io
import ipaddress
import json
import logging
import os
import secrets
import signal
import socket
import sqlite3
import sys
import time
import warnings
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import jwt
from aiohttp import web
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver

KNOWN = """filter-customer shipment-by-query shipment-patch cancel-any bulk-first note-nested address-remove export-all assign-open
customers-open profile-role price-body drivers-private events-open unsigned-token weak-key sort-sql voucher-again login-unbounded
reset-tells logout-void page-unbounded webhook-anywhere""".split()
W = set()
logging.disable(logging.CRITICAL)
warnings.filterwarnings("ignore")
DOCUMENT = Path(__file__).with_name("parcelway.openapi.json").read_text()
ISSUER, AUDIENCE, LIMIT = "https://id.parcelway.example", "parcelway-api", 64 * 1024
KEY = [secrets.token_hex(32)]
revoked, tries, idempotent = set(), {}, {}

db = sqlite3.connect(":memory:", isolation_level=None)
db.row_factory = sqlite3.Row
db.executescript("""
create table users(id text primary key, username text unique, email text unique, role text, name text, phone text, credit_limit_cents int,
  balance_cents int default 0, salt text, digest text, vehicle text, rating text, licence_number text, home_address text, pin text);
create table shipments(id text primary key, customer_id text, recipient_id text, tracking text unique, status text, price_cents int, weight_grams int,
  reference text, destination text, created_at text, job_id text);
create table events(id integer primary key, shipment_id text, kind text, place text, signed_by text);
create table notes(id text primary key, shipment_id text, author_id text, body text);
create table addresses(id text primary key, customer_id text, label text, street text, city text, deleted int default 0);
create table jobs(id text primary key, shipment_id text, driver_id text, status text);
create table vouchers(code text primary key, cents int);
create table redemptions(code text, customer_id text);
create table webhooks(id text primary key, customer_id text, url text, event text);
""")


def rows(statement, *values):
    return [dict(r) for r in db.execute(statement, values).fetchall()]


def row(statement, *values):
    return next(iter(rows(statement, *values)), None)


def digest(password, salt):
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=512, r=8, p=1).hex()


def ulid():
    alphabet, n = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", int(time.time() * 1000) << 80 | secrets.randbits(80)
    return "".join(alphabet[n >> s & 31] for s in range(125, -1, -5))


def add_user(username, password, role, name, **more):
    salt = secrets.token_hex(8)
    ident = {"customer": "cus_", "driver": "drv_", "dispatcher": "dsp_"}[role] + secrets.token_hex(5)
    columns = dict(id=ident, username=username, email=f"{username}@parcelway.example", role=role, name=name, phone=f"+49 30 {secrets.randbelow(900000) + 100000}",
                   credit_limit_cents=20000, salt=salt, digest=digest(password, salt), **more)
    rows(f"insert into users({','.join(columns)}) values({','.join('?' * len(columns))})", *columns.values())
    return ident


def add_shipment(customer, recipient=None, reference="", destination="", grams=1000, price=None):
    ident, job = "shp_" + ulid(), "job_" + secrets.token_hex(6)
    price = 399 + grams // 10 if price is None else price
    rows("insert into shipments values(?,?,?,?,?,?,?,?,?,?,?)", ident, customer, recipient, "PW" + str(secrets.randbelow(10**12)).zfill(12) + "DE", "registered",
         price, grams, reference, destination, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), job)
    rows("insert into jobs values(?,?,null,'open')", job, ident)
    rows("insert into events(shipment_id,kind,place,signed_by) values(?,'registered','Berlin Hub',null)", ident)
    return ident


def seed():
    mira = add_user("mira", "Bubble-Wrap-88", "customer", "Mira Castel")
    paolo = add_user("paolo", "Twine.And.Tape.3", "customer", "Paolo Brandt")
    add_user("otto", "Control!Room#7", "dispatcher", "Otto Lang")
    for username, name, vehicle in (("dora", "Dora Fink", "Cargo bike"), ("emil", "Emil Roth", "Van")):
        add_user(username, f"Steering-{username}-Wheel", "driver", name, vehicle=vehicle, rating="4.8", licence_number="B" + secrets.token_hex(5).upper(),
                 home_address=f"Lindenallee {secrets.randbelow(90) + 1}, Berlin", pin=hashlib.sha256(secrets.token_bytes(8)).hexdigest())
    for mine, other, street in ((mira, paolo, "Quay Street 4"), (paolo, mira, "Hill Road 19")):
        for i in range(110):
            s = add_shipment(mine, other if i == 106 else None, f"PO-{1000 + i}", f"{street}, door {i}", 400 + i)
            rows("insert into events(shipment_id,kind,place,signed_by) values(?,'collected',?,?)", s, street, row("select name from users where id=?", mine)["name"])
            if i > 104 and i != 106:
                rows("insert into notes values(?,?,?,?)", "note_" + secrets.token_hex(6), s, mine, f"Door code {secrets.randbelow(9000) + 1000}, ring twice")
        for label in ("Home", "Office"):
            rows("insert into addresses(id,customer_id,label,street,city) values(?,?,?,?,?)", "adr_" + secrets.token_hex(6), mine, label, street, "Berlin")
    for code, cents in (("WELCOME5", 500), ("SPRING10", 1000)):
        rows("insert into vouchers values(?,?)", code, cents)


# ------------------------------------------------------------------ shapes

class No(Exception):
    def __init__(self, status, title, headers=None):
        self.status, self.title, self.headers = status, title, headers or {}


def answer(value, status=200, headers=None, **more):
    return web.Response(text=json.dumps({"data": value, **more}), status=status, content_type="application/vnd.api+json", headers=headers)


def refuse(status, title, headers=None):
    return web.Response(text=json.dumps({"errors": [{"status": str(status), "title": title}]}), status=status, content_type="application/vnd.api+json", headers=headers)


def resource(kind, ident, /, **attributes):
    return {"type": kind, "id": ident, "attributes": attributes}


def shipment(s):
    return {**resource("shipments", s["id"], trackingNumber=s["tracking"], status=s["status"], priceCents=s["price_cents"], weightGrams=s["weight_grams"],
                       reference=s["reference"], destination=s["destination"], createdAt=s["created_at"], jobId=s["job_id"]),
            "relationships": {"customer": {"data": {"type": "customers", "id": s["customer_id"]}},
                              "recipient": {"data": s["recipient_id"] and {"type": "customers", "id": s["recipient_id"]}}}}


def profile(u):
    return resource("profiles", u["id"], username=u["username"], email=u["email"], name=u["name"], phone=u["phone"], role=u["role"],
                    creditLimitCents=u["credit_limit_cents"], balanceCents=u["balance_cents"])


def address(a):
    return resource("addresses", a["id"], label=a["label"], street=a["street"], city=a["city"])


def job(j):
    return resource("jobs", j["id"], status=j["status"], shipmentId=j["shipment_id"], driverId=j["driver_id"])


def note(n):
    return resource("notes", n["id"], body=n["body"], authorId=n["author_id"])


def plain(req):
    """The JSON object of the body."""
    try:
        value = json.loads(req["body"] or b"{}")
    except (ValueError, RecursionError):
        raise No(400, "The body is not JSON")
    return value if isinstance(value, dict) else {}


def entity(req):
    data = plain(req).get("data")
    data = data if isinstance(data, dict) else {}
    attributes = data.get("attributes")
    return str(data.get("id", "")), attributes if isinstance(attributes, dict) else {}


def text(value, most=200, least=0, name="value"):
    if not isinstance(value, str) or not least <= len(value) <= most:
        raise No(422, f"{name} must be a string of {least} to {most} characters")
    return value


def grams(value):
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 31500:
        raise No(422, "weightGrams must be between 1 and 31500")
    return value


# ------------------------------------------------------------------ who calls

def claims(token):
    more = {"audience": AUDIENCE, "issuer": ISSUER, "options": {"require": ["exp", "sub", "jti"]}}
    if "unsigned-token" in W and str(jwt.get_unverified_header(token).get("alg")).lower() == "none":
        head, body, _ = token.split(".", 2)
        return jwt.decode(token, **{**more, "options": {**more["options"], "verify_signature": False, "verify_exp": True, "verify_aud": True, "verify_iss": True}})
    return jwt.decode(token, KEY[0], algorithms=["HS256"], **more)


def caller(req, needed=True):
    scheme, _, token = req.headers.get("Authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise ValueError
        told = claims(token.strip())
        who = row("select * from users where id=?", str(told["sub"]))
        if not who or told["jti"] in revoked:
            raise ValueError
        req["claims"] = told
        return who
    except Exception:
        if needed:
            raise No(401, "Authentication required", {"WWW-Authenticate": 'Bearer realm="parcelway"'})
        return None


def sees(me, s):
    if me["role"] == "dispatcher" or me["id"] in (s["customer_id"], s["recipient_id"]):
        return True
    return me["role"] == "driver" and bool(row("select 1 from jobs where id=? and driver_id=?", s["job_id"], me["id"]))


def rules(me, s):
    return me["role"] == "dispatcher" or me["id"] == s["customer_id"]


def the_shipment(me, ident, allowed, flaw=""):
    s = row("select * from shipments where id=?", str(ident))
    if not s or not (flaw in W or allowed(me, s)):
        raise No(404, "No such shipment")
    return s


def only(me, *roles, flaw=""):
    if me["role"] not in roles and flaw not in W:
        raise No(403, "Your role may not do this")


# ------------------------------------------------------------------ operations

routes = web.RouteTableDef()


@routes.get("/v2/openapi.json")
async def document(req):
    return web.Response(text=DOCUMENT, content_type="application/json")


@routes.post("/v2/auth/token")
async def login(req):
    body, now = plain(req), time.monotonic()
    name, password = body.get("username"), body.get("password")
    if not isinstance(name, str) or not isinstance(password, str):
        raise No(422, "username and password are needed")
    for key, most in ((("name", name.lower()), 8), (("peer", req.remote), 40)):
        tries[key] = [t for t in tries.get(key, []) if t > now - 20]
        if len(tries[key]) >= most and "login-unbounded" not in W:
            raise No(429, "Too many attempts", {"Retry-After": "20"})
    who = row("select * from users where username=?", name)
    good = hmac.compare_digest(digest(password, who["salt"] if who else "none"), who["digest"] if who else "none")
    if not who or not good:
        for key in (("name", name.lower()), ("peer", req.remote)):
            tries[key].append(now)
        raise No(401, "Wrong user name or password")
    stamp = int(time.time())
    token = jwt.encode({"iss": ISSUER, "aud": AUDIENCE, "sub": who["id"], "role": who["role"], "iat": stamp, "exp": stamp + 3600, "jti": secrets.token_hex(12)},
                       KEY[0], algorithm="HS256")
    return answer({"type": "tokens", "id": secrets.token_hex(6), "attributes": {"accessToken": token, "tokenType": "Bearer", "expiresIn": 3600}})


@routes.post("/v2/auth/logout")
async def logout(req):
    caller(req)
    if "logout-void" not in W:
        revoked.add(req["claims"]["jti"])
    return web.Response(status=204)


@routes.post("/v2/auth/password-reset")
async def reset(req):
    mail = text(plain(req).get("email"), 200, 3, "email")
    if "reset-tells" in W and not row("select 1 from users where email=?", mail):
        raise No(404, "No account uses this address")
    return answer({"type": "password-resets", "id": secrets.token_hex(6), "attributes": {"status": "accepted"}}, 202)


@routes.get("/v2/profile")
async def profile_get(req):
    return answer(profile(caller(req)))


@routes.patch("/v2/profile")
async def profile_patch(req):
    me, (_, given) = caller(req), entity(req)
    fields = {"name": "name", "phone": "phone"}
    if "profile-role" in W:
        fields |= {"role": "role", "creditLimitCents": "credit_limit_cents", "balanceCents": "balance_cents", "email": "email"}
    for key, column in fields.items():
        if key in given:
            value = given[key] if column.endswith("cents") and isinstance(given[key], int) else text(given[key], 80, 1, key)
            rows(f"update users set {column}=? where id=?", value, me["id"])
    return answer(profile(row("select * from users where id=?", me["id"])))


SORTS = {"createdAt": "created_at", "status": "status", "priceCents": "price_cents", "weightGrams": "weight_grams"}


@routes.get("/v2/shipments")
async def shipments_list(req):
    me, query = caller(req), req.query
    where, values = "(customer_id=? or recipient_id=?)", [me["id"], me["id"]]
    wanted = query.get("filter[customer]")
    if me["role"] == "dispatcher":
        where, values = ("customer_id=?", [wanted]) if wanted else ("1=1", [])
    elif me["role"] == "driver":
        where, values = "id in (select shipment_id from jobs where driver_id=?)", [me["id"]]
    elif wanted and "filter-customer" in W:
        where, values = "customer_id=?", [wanted]
    for name, column in (("filter[status]", "status"), ("filter[reference]", "reference")):
        if name in query:
            where, values = f"{where} and {column}=?", [*values, query[name]]
    try:
        size, start = int(query.get("page[size]", 20)), int(query.get("page[cursor]", "0"), 36)
    except ValueError:
        raise No(400, "page[size] and page[cursor] must be as documented")
    if size < 1 or not 0 <= start < 10**9 or (size > 50 and "page-unbounded" not in W):
        raise No(400, "page[size] must be between 1 and 50")
    sort = query.get("sort", "-createdAt")
    if "sort-sql" in W:
        order = SORTS.get(sort.lstrip("-"), sort.lstrip("-"))
    elif sort.lstrip("-") in SORTS:
        order = SORTS[sort.lstrip("-")]
    else:
        raise No(400, "sort must be one of the documented fields")
    try:
        found = rows(f"select * from shipments where {where} order by {order} {'desc' if sort.startswith('-') else 'asc'}, rowid desc limit ? offset ?",
                     *values, min(size, 10**9) + 1, start)
    except sqlite3.Error as wrong:
        raise No(500, f"{type(wrong).__name__}: {wrong}" if "sort-sql" in W else "Something went wrong")
    more = len(found) > size
    letters, n, cursor = "0123456789abcdefghijklmnopqrstuvwxyz", start + size, ""
    while n and more:
        cursor, n = letters[n % 36] + cursor, n // 36
    return answer([shipment(s) for s in found[:size]], meta={"nextCursor": cursor or None})


@routes.post("/v2/shipments")
async def shipments_create(req):
    me, (_, given) = caller(req), entity(req)
    only(me, "customer", "dispatcher")
    key = req.headers.get("Idempotency-Key")
    if key and len(key) > 80:
        raise No(422, "Idempotency-Key must be at most 80 characters")
    if key and (me["id"], key) in idempotent:
        return answer(shipment(row("select * from shipments where id=?", idempotent[me["id"], key])), 201, {"Idempotency-Replayed": "true"})
    destination, weight = text(given.get("destination"), 200, 3, "destination"), grams(given.get("weightGrams", 1000))
    reference = text(given.get("reference", ""), 40, 0, "reference")
    price = None
    if "price-body" in W and isinstance(given.get("priceCents"), int):
        price = given["priceCents"]
    if row("select count(*) n from shipments where customer_id=?", me["id"])["n"] > 3000:
        raise No(409, "Too many open shipments")
    made = add_shipment(me["id"], None, reference, destination, weight, price)
    if key:
        idempotent[me["id"], key] = made
    return answer(shipment(row("select * from shipments where id=?", made)), 201)


@routes.get("/v2/shipments/export")
async def shipments_export(req):
    me = caller(req)
    where, values = "customer_id=?", [me["id"]]
    if me["role"] == "dispatcher" or "export-all" in W:
        where, values = "1=1", []
    out = io.StringIO()
    writer = csv.writer(out)
    columns = ["id", "customer_id", "tracking", "status", "price_cents", "reference", "destination"]
    writer.writerow(columns)
    for s in rows(f"select * from shipments where {where} order by rowid desc limit 400", *values):
        writer.writerow(["'" + str(s[c]) if str(s[c])[:1] in tuple("=+-@") else s[c] for c in columns])
    return web.Response(text=out.getvalue(), content_type="text/csv", headers={"Content-Disposition": 'attachment; filename="shipments.csv"'})


@routes.get("/v2/shipment")
async def shipment_get(req):
    me = caller(req)
    return answer(shipment(the_shipment(me, req.query.get("id"), sees, "shipment-by-query")))


@routes.patch("/v2/shipment")
async def shipment_patch(req):
    me, (ident, given) = caller(req), entity(req)
    s = the_shipment(me, ident, rules, "shipment-patch")
    for key, column, check in (("destination", "destination", lambda v: text(v, 200, 3, "destination")), ("reference", "reference", lambda v: text(v, 40, 0, "reference")),
                               ("weightGrams", "weight_grams", grams)):
        if key in given:
            rows(f"update shipments set {column}=? where id=?", check(given[key]), s["id"])
    return answer(shipment(row("select * from shipments where id=?", s["id"])))


@routes.post("/v2/shipments/bulk-delete")
async def bulk_delete(req):
    me, ids = caller(req), plain(req).get("ids")
    if not isinstance(ids, list) or not 1 <= len(ids) <= 50 or not all(isinstance(i, str) for i in ids):
        raise No(422, "ids must be a list of 1 to 50 shipment ids")
    done, errors = [], []
    for n, ident in enumerate(ids):
        s = row("select * from shipments where id=?", ident)
        if not s or not (rules(me, s) or ("bulk-first" in W and n > 0 and done)):
            errors.append({"status": "404", "title": "No such shipment", "source": {"pointer": f"/ids/{n}"}})
            continue
        rows("update shipments set status='archived' where id=?", ident)
        done.append(ident)
    return answer([{"type": "shipments", "id": i} for i in done], **({"errors": errors} if errors else {}))


@routes.post("/v2/shipments/{shipmentId}/cancel")
async def cancel(req):
    s = the_shipment(caller(req), req.match_info["shipmentId"], rules, "cancel-any")
    rows("update shipments set status='cancelled' where id=?", s["id"])
    return answer(shipment({**s, "status": "cancelled"}))


@routes.get("/v2/shipments/{shipmentId}/events")
async def events(req):
    me = caller(req, "events-open" not in W)
    s = the_shipment(me, req.match_info["shipmentId"], sees, "events-open")
    return answer([resource("events", str(e["id"]), kind=e["kind"], place=e["place"], signedBy=e["signed_by"])
                   for e in rows("select * from events where shipment_id=? limit 50", s["id"])])


@routes.get("/v2/shipments/{shipmentId}/notes")
async def notes_list(req):
    s = the_shipment(caller(req), req.match_info["shipmentId"], sees)
    return answer([note(n) for n in rows("select * from notes where shipment_id=? order by rowid desc limit 50", s["id"])])


@routes.post("/v2/shipments/{shipmentId}/notes")
async def notes_add(req):
    me, (_, given) = caller(req), entity(req)
    s = the_shipment(me, req.match_info["shipmentId"], sees)
    ident = "note_" + secrets.token_hex(6)
    rows("insert into notes values(?,?,?,?)", ident, s["id"], me["id"], text(given.get("body"), 500, 1, "body"))
    return answer(note(row("select * from notes where id=?", ident)), 201)


@routes.get("/v2/shipments/{shipmentId}/notes/{noteId}")
async def notes_get(req):
    s = the_shipment(caller(req), req.match_info["shipmentId"], sees)
    found = row("select * from notes where id=?" + ("" if "note-nested" in W else " and shipment_id=?"), req.match_info["noteId"],
                *([] if "note-nested" in W else [s["id"]]))
    if not found:
        raise No(404, "No such note")
    return answer(note(found))


@routes.get("/v2/addresses")
async def addresses_list(req):
    return answer([address(a) for a in rows("select * from addresses where customer_id=? and deleted=0 order by rowid limit 50", caller(req)["id"])])


@routes.post("/v2/addresses")
async def addresses_add(req):
    me, (_, given) = caller(req), entity(req)
    ident = "adr_" + secrets.token_hex(6)
    rows("insert into addresses(id,customer_id,label,street,city) values(?,?,?,?,?)", ident, me["id"], text(given.get("label", "Other"), 40, 1, "label"),
         text(given.get("street"), 100, 2, "street"), text(given.get("city"), 60, 2, "city"))
    return answer(address(row("select * from addresses where id=?", ident)), 201)


@routes.delete("/v2/addresses")
async def addresses_remove(req):
    me, ident = caller(req), req.query.get("id", "")
    found = row("select * from addresses where id=? and deleted=0", ident)
    if not found or (found["customer_id"] != me["id"] and "address-remove" not in W):
        raise No(404, "No such address")
    rows("update addresses set deleted=1 where id=?", ident)
    return web.Response(status=204)


@routes.get("/v2/tracking/{trackingNumber}")
async def tracking(req):
    s = row("select * from shipments where tracking=?", req.match_info["trackingNumber"])
    if not s:
        raise No(404, "Unknown tracking number")
    return answer(resource("trackings", s["tracking"], status=s["status"], lastPlace="Berlin Hub"), headers={"Access-Control-Allow-Origin": "*"})


@routes.get("/v2/rates")
async def rates(req):
    return answer([resource("rates", f"upto-{g}", maxGrams=g, priceCents=399 + g // 10, currency="EUR") for g in (1000, 5000, 10000, 31500)],
                  headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=60"})


@routes.get("/v2/drivers")
async def drivers(req):
    caller(req)
    return answer([resource("drivers", d["id"], name=d["name"], vehicle=d["vehicle"], rating=d["rating"],
                            **({"phone": d["phone"], "licenceNumber": d["licence_number"], "homeAddress": d["home_address"], "pinHash": d["pin"]}
                               if "drivers-private" in W else {})) for d in rows("select * from users where role='driver'")])


@routes.get("/v2/jobs")
async def jobs_list(req):
    me = caller(req)
    only(me, "driver", "dispatcher")
    where = "1=1" if me["role"] == "dispatcher" else "status='open' or driver_id=?"
    return answer([job(j) for j in rows(f"select * from jobs where {where} order by rowid desc limit 50", *([] if where == "1=1" else [me["id"]]))])


@routes.post("/v2/jobs/{jobId}/accept")
async def jobs_accept(req):
    me = caller(req)
    only(me, "driver")
    j = row("select * from jobs where id=?", req.match_info["jobId"])
    if not j or j["status"] != "open":
        raise No(409, "This job is not open")
    rows("update jobs set driver_id=?, status='accepted' where id=?", me["id"], j["id"])
    return answer(job(row("select * from jobs where id=?", j["id"])))


@routes.post("/v2/jobs/{jobId}/assign")
async def jobs_assign(req):
    me = caller(req)
    only(me, "dispatcher", flaw="assign-open")
    driver = plain(req).get("driverId")
    j = row("select * from jobs where id=?", req.match_info["jobId"])
    if not j:
        raise No(404, "No such job")
    if not isinstance(driver, str) or not row("select 1 from users where id=? and role='driver'", driver):
        raise No(422, "driverId must name a driver")
    rows("update jobs set driver_id=?, status='assigned' where id=?", driver, j["id"])
    return answer(job(row("select * from jobs where id=?", j["id"])))


@routes.get("/v2/customers")
async def customers(req):
    only(caller(req), "dispatcher", flaw="customers-open")
    return answer([profile(u) for u in rows("select * from users where role='customer' limit 50")])


@routes.post("/v2/vouchers/redeem")
async def redeem(req):
    me, code = caller(req), plain(req).get("code")
    v = row("select * from vouchers where code=?", text(code, 20, 1, "code"))
    if not v:
        raise No(404, "No such voucher")
    if row("select 1 from redemptions where code=? and customer_id=?", v["code"], me["id"]) and "voucher-again" not in W:
        raise No(409, "This voucher was redeemed already")
    rows("insert into redemptions values(?,?)", v["code"], me["id"])
    rows("update users set balance_cents=balance_cents+? where id=?", v["cents"], me["id"])
    return answer(profile(row("select * from users where id=?", me["id"])))


def outside(url):
    """Why our server may not call this address, or nothing."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "url is not a URL"
    if "webhook-anywhere" in W:
        return None if parts.scheme in ("http", "https") and host else "url is not a URL"
    if parts.scheme != "https" or port not in (None, 443) or parts.username or "." not in host or host.rsplit(".", 1)[-1].isdigit() or ":" in host:
        return "url must be https with a public host name"
    return None


class PublicOnly(AbstractResolver):
    async def resolve(self, host, port=0, family=socket.AF_INET):
        found = [f for f in await ThreadedResolver().resolve(host, port, family) if ipaddress.ip_address(f["host"]).is_global]
        if not found:
            raise OSError("not public")
        return found

    async def close(self):
        pass


async def deliver(url):
    more = {} if "webhook-anywhere" in W else {"connector": aiohttp.TCPConnector(resolver=PublicOnly())}
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3), **more) as session:
            async with session.post(url, json={"event": "ping"}, allow_redirects=False):
                pass
    except Exception:
        pass


@routes.get("/v2/webhooks")
async def webhooks_list(req):
    return answer([resource("webhooks", w["id"], url=w["url"], event=w["event"]) for w in rows("select * from webhooks where customer_id=? limit 50", caller(req)["id"])])


@routes.post("/v2/webhooks")
async def webhooks_add(req):
    me, (_, given) = caller(req), entity(req)
    url, event = text(given.get("url"), 300, 8, "url"), given.get("event", "shipment.delivered")
    wrong = outside(url)
    if wrong or event not in ("shipment.delivered", "shipment.cancelled"):
        raise No(422, wrong or "event must be as documented")
    ident = "whk_" + secrets.token_hex(6)
    rows("insert into webhooks values(?,?,?,?)", ident, me["id"], url, event)
    return answer(resource("webhooks", ident, url=url, event=event), 201)


@routes.post("/v2/webhooks/{webhookId}/test")
async def webhooks_test(req):
    w = row("select * from webhooks where id=? and customer_id=?", req.match_info["webhookId"], caller(req)["id"])
    if not w:
        raise No(404, "No such webhook")
    req.app["calls"].add(asyncio.ensure_future(deliver(w["url"])))
    return answer({"type": "webhook-tests", "id": secrets.token_hex(6)}, 202)


# ------------------------------------------------------------------ around every call

@web.middleware
async def around(req, handler):
    try:
        if (req.content_length or 0) > LIMIT:
            raise No(413, "The body is too large", {"Connection": "close"})
        req["body"] = await req.read()
        return await handler(req)
    except No as no:
        return refuse(no.status, no.title, no.headers)
    except web.HTTPException as wrong:
        keep = {"Allow": wrong.headers["Allow"]} if "Allow" in wrong.headers else {}
        return refuse(wrong.status, wrong.reason, keep)
    except UnicodeError:
        return refuse(400, "The text is not valid Unicode")
    except Exception:
        return refuse(500, "Something went wrong")


async def dress(req, response):
    response.headers.pop("Server", None)
    for name, value in (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"), ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
                        ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer")):
        response.headers.setdefault(name, value)


async def main():
    args = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    asked = args.get("--flaws", "none")
    W.update(KNOWN if asked == "all" else () if asked == "none" else asked.split(","))
    if W - set(KNOWN):
        sys.exit(f"unknown flaws: {W - set(KNOWN)}")
    if "weak-key" in W:
        KEY[0] = "changeme"
    seed()
    app = web.Application(middlewares=[around], client_max_size=LIMIT)
    app["calls"] = set()
    app.add_routes(routes)
    app.on_response_prepare.append(dress)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", int(args.get("--port", 0)))
    await site.start()
    print(f"listening on http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}", flush=True)
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    await end.wait()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
