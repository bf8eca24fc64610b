"""A bakery's web shop: Flask over SQLite, orders and coupons.

DELIBERATELY WEAK. A target for the scanner's own tests; it listens on 127.0.0.1 only and keeps all in memory.
`bakery.py --port 0 --flaws none|all|a,b,c`; the flaws are listed in truth.json.
"""
import argparse
import base64
import hashlib
import hmac
import json
import os
import secrets
import signal
import sqlite3
import threading
import time
import warnings
from functools import wraps
from pathlib import Path

import jwt
from flask import Flask, g, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server

HERE = Path(__file__).parent
warnings.filterwarnings("ignore", module="jwt")  # it says aloud that one of our keys is weak
FLAWS = ("search-quotes newsletter-sql tag-filter order-read order-change order-cancel order-price profile-role "
         "review-authors pay-twice coupon-again unsigned-tokens token-bytes guessable-key stale-tokens logout-keeps "
         "login-unlimited login-tells staff-list per-page orders-open").split()
app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
weak = set()
lock = threading.RLock()
db = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
db.row_factory = sqlite3.Row
revoked, misses, paid_keys = set(), {}, {}
signing_key = secrets.token_hex(32)

SCHEMA = """
create table account(id integer primary key, email text unique, name text, phone text, password text,
                     role text default 'customer', credit integer default 10000);
create table product(id integer primary key, name text, tag text, cents integer);
create table orders(id integer primary key, account integer, total integer, status text, note text, address text,
                    coupon text, lines text);
create table coupon(code text primary key, percent integer);
create table coupon_use(code text, account integer);
create table review(id integer primary key, product integer, account integer, stars integer, text text);
create table newsletter(email text);
"""

def on(flaw):
    return flaw in weak

def rows(sql, *args):
    with lock:
        return db.execute(sql, args).fetchall()

def row(sql, *args):
    found = rows(sql, *args)
    return found[0] if found else None

def insert(sql, *args):
    with lock:
        return db.execute(sql, args).lastrowid

def hashed(password, salt=None):
    salt = salt or secrets.token_hex(8)
    return salt + "$" + hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 2000).hex()

DUMMY = hashed("nobody")

def seed():
    db.create_function("sleep", 1, lambda s: time.sleep(min(float(s), 10)) or 0)  # production runs on MySQL
    db.executescript(SCHEMA)
    for email, name, password, role in (("hanna@crumb.example", "Hanna", "rye-and-butter-7", "customer"),
                                        ("otto@crumb.example", "Otto", "poppy-seed-12", "customer"),
                                        ("meister@crumb.example", "Meister", "Oven#At4Oclock", "staff")):
        insert("insert into account(email,name,phone,password,role) values(?,?,?,?,?)",
               email, name, "+49 30 1234", hashed(password), role)
    for i in range(240):
        kind = ("Rye", "Spelt", "Brioche", "Seeded", "Sourdough")[i % 5]
        insert("insert into product(name,tag,cents) values(?,?,?)", f"{kind} no. {i + 1}", kind.lower(), 250 + i)
    insert("insert into coupon values('SPRING', 10)")
    insert("insert into newsletter values('first@crumb.example')")
    insert("insert into review(product,account,stars,text) values(1,1,5,'Crisp crust')")
    insert("insert into review(product,account,stars,text) values(1,2,4,'A bit salty')")
    insert("insert into orders(account,total,status,note,address,lines) values(1,750,'open','ring twice','Ackerstr. 1','[]')")
    insert("insert into orders(account,total,status,note,address,lines) values(2,500,'open','leave it','Invalidenstr. 9','[]')")

def refuse(status, code, message):
    return jsonify(error={"code": code, "message": message}), status

def data(value, status=200, **meta):
    return jsonify({"data": value, **({"meta": meta} if meta else {})}), status

def segment(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

def claims_of(token):
    """The token's claims, or None. Own reading, because PyJWT will not do what some flaws need."""
    try:
        head, body, signature = token.split(".")
        header, claims = json.loads(segment(head)), json.loads(segment(body))
        if str(header.get("alg")).lower() == "none":
            good = on("unsigned-tokens")
        elif on("token-bytes"):
            good = header.get("alg") == "HS256"
        else:
            wanted = hmac.new(signing_key.encode(), f"{head}.{body}".encode(), "sha256").digest()
            good = header.get("alg") == "HS256" and hmac.compare_digest(wanted, segment(signature))
        if not good or (claims["exp"] < time.time() and not on("stale-tokens")):
            return None
        return None if claims.get("jti") in revoked else claims
    except (ValueError, KeyError, TypeError, AttributeError):
        return None

def known(view):
    @wraps(view)
    def wrapper(*args, **kwargs):
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        claims = claims_of(token) if kind.lower() == "bearer" else None
        g.me = claims and row("select * from account where id=?", claims.get("sub"))
        if not g.me:
            answer, status = refuse(401, "unauthenticated", "log in first")
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer, status
        g.claims = claims
        return view(*args, **kwargs)
    return wrapper

def body():
    value = request.get_json(silent=True)
    return value if isinstance(value, dict) else {}

@app.after_request
def headers(answer):
    answer.headers.update({"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Frame-Options": "DENY",
                           "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"})
    return answer

@app.errorhandler(Exception)
def failed(error):
    status = getattr(error, "code", 500)
    if isinstance(error, sqlite3.Error) and on("search-quotes"):
        return refuse(500, "database", f"{type(error).__name__}: {error}")
    return refuse(status if isinstance(status, int) else 500, "failed", "this did not work")

@app.get("/api/v1/openapi.json")
def document():
    return app.response_class((HERE / "bakery.openapi.json").read_text(), mimetype="application/json")

@app.post("/api/v1/accounts")
def register():
    b = body()
    email, password, name = b.get("email"), b.get("password"), b.get("name", "")
    if not (isinstance(email, str) and "@" in email and isinstance(password, str) and 8 <= len(password) <= 200
            and isinstance(name, str) and len(email) < 120 and len(name) < 120):
        return refuse(422, "invalid", "an e-mail address and a password of 8 characters are needed")
    try:
        new = insert("insert into account(email,name,phone,password) values(?,?,'',?)", email, name, hashed(password))
    except sqlite3.IntegrityError:
        return refuse(409, "taken", "please choose another address")
    return data({"id": new, "email": email, "name": name}, 201)

@app.post("/api/v1/sessions")
def login():
    b = body()
    email, password = str(b.get("email", ""))[:200], str(b.get("password", ""))[:200]
    if not on("login-unlimited"):
        recent = [t for t in misses.get(email, []) if t > time.time() - 60]
        misses[email] = recent
        if len(recent) >= 5:
            return refuse(429, "locked", "too many tries, wait a minute")
    who = row("select * from account where email=?", email)
    if who is None and on("login-tells"):
        return refuse(404, "no-account", "there is no account with this address")
    stored = who["password"] if who else DUMMY
    if not hmac.compare_digest(stored, hashed(password, stored.split("$")[0])) or not who:
        misses.setdefault(email, []).append(time.time())
        return refuse(401, "refused", "address or password is wrong")
    ttl = b.get("ttl", 3600)
    ttl = ttl if isinstance(ttl, int) and 1 <= ttl <= 3600 else 3600
    token = jwt.encode({"sub": str(who["id"]), "role": who["role"], "iat": int(time.time()), "exp": time.time() + ttl,
                        "jti": secrets.token_hex(8)}, signing_key, "HS256")
    return data({"token": token, "token_type": "Bearer", "expires_in": ttl})

@app.delete("/api/v1/sessions/current")
@known
def logout():
    if not on("logout-keeps"):
        revoked.add(g.claims.get("jti"))
    return "", 204

def profile(account):
    return {k: account[k] for k in ("id", "email", "name", "phone", "role", "credit")}

@app.get("/api/v1/me")
@known
def me():
    return data(profile(g.me))

@app.patch("/api/v1/me")
@known
def change_me():
    allowed = ("name", "phone", "role", "credit") if on("profile-role") else ("name", "phone")
    for key in allowed:
        if key in body():
            insert(f"update account set {key}=? where id=?", str(body()[key])[:200], g.me["id"])
    return data(profile(row("select * from account where id=?", g.me["id"])))

@app.get("/api/v1/products")
def products():
    search, page = request.args.get("search", ""), max(request.args.get("page", 1, int), 1)
    size = request.args.get("per_page", 20, int)
    size = max(size, 1) if on("per-page") else min(max(size, 1), 50)
    if on("search-quotes"):
        found = rows(f"select * from product where name like '%{search}%' limit {size} offset {(page - 1) * size}")
    else:
        found = rows("select * from product where name like ? limit ? offset ?",
                     f"%{search.replace(chr(39), '').replace(chr(34), '')}%", size, min((page - 1) * size, 10**6))
    return data([dict(r) for r in found], page=page, per_page=size)

@app.get("/api/v1/products/<int:product>")
def one_product(product):
    found = row("select * from product where id=?", product)
    return data(dict(found)) if found else refuse(404, "not-found", "no such product")

@app.get("/api/v1/tags/<tag>/products")
def tagged(tag):
    try:
        found = (rows(f"select * from product where tag='{tag}' limit 20") if on("tag-filter")
                 else rows("select * from product where tag=? limit 20", tag))
    except sqlite3.Error:
        found = []
    return data([dict(r) for r in found])

@app.get("/api/v1/products/<int:product>/reviews")
def reviews(product):
    found = rows("select r.id review, r.stars, r.text, a.* from review r join account a on a.id=r.account "
                 "where r.product=? limit 50", product)
    return data([{"id": r["review"], "stars": r["stars"], "text": r["text"],
                  "author": ({k: r[k] for k in ("id", "name", "email", "phone", "password")} if on("review-authors")
                             else {"name": r["name"]})} for r in found])

@app.post("/api/v1/products/<int:product>/reviews")
@known
def review(product):
    stars, text = body().get("stars"), body().get("text")
    if stars not in (1, 2, 3, 4, 5) or not isinstance(text, str) or not row("select 1 from product where id=?", product):
        return refuse(422, "invalid", "stars from 1 to 5 and a text")
    new = insert("insert into review(product,account,stars,text) values(?,?,?,?)", product, g.me["id"], stars, text[:500])
    return data({"id": new, "stars": stars, "text": text[:500]}, 201)

@app.post("/api/v1/newsletter")
def newsletter():
    email = str(body().get("email", ""))[:200]
    try:
        if on("newsletter-sql"):
            rows(f"select 1 from newsletter where email = '{email}'")
        else:
            rows("select 1 from newsletter where email = ?", email)
    except sqlite3.Error:
        pass
    return data({"accepted": True}, 202)

def order_view(o):
    return {**{k: o[k] for k in ("id", "total", "status", "note", "address", "coupon")}, "lines": json.loads(o["lines"])}

def mine(order, flaw):
    found = row("select * from orders where id=?", order)
    return found if found and (found["account"] == g.me["id"] or on(flaw)) else None

NO_ORDER = (404, "not-found", "no such order")

@app.get("/api/v1/orders")
def orders():
    if on("orders-open") and "Authorization" not in request.headers:
        return data([order_view(o) for o in rows("select * from orders order by id desc limit 50")])
    return own_orders()

@known
def own_orders():
    return data([order_view(o) for o in rows("select * from orders where account=? order by id desc limit 50", g.me["id"])])

@app.post("/api/v1/orders")
@known
def order():
    b, lines = body(), body().get("lines")
    if not (isinstance(lines, list) and 0 < len(lines) <= 20 and all(isinstance(x, dict) for x in lines)):
        return refuse(422, "invalid", "an order has 1 to 20 lines")
    total = 0
    for line in lines:
        product, count = row("select * from product where id=?", line.get("product_id")), line.get("quantity")
        if not product or type(count) is not int or not 1 <= count <= 100:
            return refuse(422, "invalid", "each line names a product and a quantity from 1 to 100")
        total += product["cents"] * count
    status = "open"
    if on("order-price"):
        total, status = b.get("total", total), b.get("status", status)
    lines = json.dumps([{"product_id": x["product_id"], "quantity": x["quantity"]} for x in lines])
    new = insert("insert into orders(account,total,status,note,address,lines) values(?,?,?,?,?,?)", g.me["id"], total, status,
                 str(b.get("note", ""))[:200], str(b.get("address", ""))[:200], lines)
    return data(order_view(row("select * from orders where id=?", new)), 201)

@app.get("/api/v1/orders/<int:order>")
@known
def one_order(order):
    found = mine(order, "order-read")
    return data(order_view(found)) if found else refuse(*NO_ORDER)

@app.patch("/api/v1/orders/<int:order>")
@known
def change_order(order):
    if not mine(order, "order-change"):
        return refuse(*NO_ORDER)
    for key in ("note", "address"):
        if key in body():
            insert(f"update orders set {key}=? where id=?", str(body()[key])[:200], order)
    return data(order_view(row("select * from orders where id=?", order)))

@app.delete("/api/v1/orders/<int:order>")
@known
def cancel(order):
    if not mine(order, "order-cancel"):
        return refuse(*NO_ORDER)
    insert("update orders set status='cancelled', note='', address='' where id=?", order)
    return "", 204

@app.post("/api/v1/orders/<int:order>/payment")
@known
def pay(order):
    found, key = mine(order, ""), request.headers.get("Idempotency-Key", "")
    if not found:
        return refuse(*NO_ORDER)
    if not 8 <= len(key) <= 80:
        return refuse(422, "invalid", "an Idempotency-Key of 8 to 80 characters is needed")
    with lock:
        seen = paid_keys.get((g.me["id"], key))
        if seen and not on("pay-twice"):
            return data(seen)
        if (found["status"] != "open" and not on("pay-twice")) or found["total"] > g.me["credit"]:
            return refuse(409, "not-payable", "this order cannot be paid")
        insert("update account set credit=credit-? where id=?", found["total"], g.me["id"])
        insert("update orders set status='paid' where id=?", order)
        paid_keys[g.me["id"], key] = {"order": order, "amount": found["total"], "receipt": secrets.token_hex(6)}
        return data(paid_keys[g.me["id"], key])

@app.post("/api/v1/orders/<int:order>/coupon")
@known
def coupon(order):
    found, code = mine(order, ""), str(body().get("code", ""))
    offer = row("select * from coupon where code=?", code)
    if not found or not offer:
        return refuse(404, "not-found", "no such order or coupon")
    with lock:
        if not on("coupon-again") and row("select 1 from coupon_use where code=? and account=?", code, g.me["id"]):
            return refuse(409, "used", "this coupon was used")
        insert("insert into coupon_use values(?,?)", code, g.me["id"])
        insert("update orders set total=total*(100-?)/100, coupon=? where id=?", offer["percent"], code, order)
    return data(order_view(row("select * from orders where id=?", order)))

@app.get("/api/v1/staff/accounts")
@known
def accounts():
    if g.me["role"] != "staff" and not on("staff-list"):
        return refuse(403, "forbidden", "for the staff only")
    return data([profile(a) for a in rows("select * from account order by id limit 50")])

class Quiet(WSGIRequestHandler):
    def version_string(self):
        return "bakery"

    def log(self, *_):
        pass

def main():
    global signing_key
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--flaws", default="none")
    args = parser.parse_args()
    weak.update(FLAWS if args.flaws == "all" else () if args.flaws == "none" else args.flaws.split(","))
    if weak - set(FLAWS):
        parser.error(f"unknown flaws: {', '.join(sorted(weak - set(FLAWS)))}")
    if on("guessable-key"):
        signing_key = "changeme"
    seed()
    server = make_server("127.0.0.1", args.port, app, threaded=True, request_handler=Quiet)
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # nothing on disk
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()

if __name__ == "__main__":
    main()
