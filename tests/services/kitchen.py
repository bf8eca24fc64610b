"""Kitchen: cooks and their recipes, on Starlette. Recipes are addressed by title, cooks by name; answers are JSend.

DELIBERATELY WEAK. A target for the scanner's tests: binds 127.0.0.1 only and keeps all in memory. Much here looks
wrong and is right: unknown paths answer a page, the search is moody, the scale calculates.
kitchen.py --port 0 --flaws none|all|a,b,c       see truth.json
"""
import asyncio
import base64
import contextlib
import hashlib
import hmac
import html
import json
import os
import random
import re
import secrets
import signal
import socket
import sqlite3
import sys
import time
from pathlib import Path

import uvicorn
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

FLAWS = frozenset("""secret-read recipe-remove email-of-others cook-remove register-chef cook-sql pem-as-secret mail-pattern debug-cooks
 login-says login-on-and-on recipes-open profile-all reset-code-shown shop-twice headers-off stacktrace""".split())
weak = set()
rng = random.Random()
private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
db.row_factory = sqlite3.Row
misses, bought, resets, out = {}, {}, {}, set()


def rows(sql, *values):
    return [dict(r) for r in db.execute(sql, values)]


def one(sql, *values):
    return next(iter(rows(sql, *values)), None)


def scrambled(password, salt="kitchen"):
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=256, r=8, p=1).hex()


def seed():
    db.executescript("""
        create table cook(name text primary key, email text, password text, chef int default 0, purse int default 5000);
        create table recipe(title text primary key, cook text, text text, secret text);""")
    for name, password, chef in (("anouk", "Saffron&Salt22", 0), ("bela", "Copper-Pot-Lid", 0), ("maitre", "Knife.Rack.Left", 1)):
        rows("insert into cook(name,email,password,chef) values(?,?,?,?)", name, f"{name}@kitchen.example", scrambled(password), chef)
    for title, cook, text, secret in (("onion-soup", "anouk", "1 kg onions, 2 l stock", "a spoon of miso"), ("pancakes", "bela", "2 eggs, 1 cup flour, milk", "orange water"),
                                      ("ratatouille", "anouk", "1 aubergine, 3 tomatoes", "star anise"), ("stew", "bela", "2 kg beef, 3 carrots", "dark chocolate")):
        rows("insert into recipe values(?,?,?,?)", title, cook, text, secret)


# -- tokens

def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def mint(name):
    text = b64(b'{"alg":"RS256","typ":"JWT"}') + "." + b64(json.dumps({"sub": name, "iat": int(time.time()), "exp": int(time.time()) + 1200, "jti": secrets.token_hex(6)}).encode())
    return text + "." + b64(private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))


def claims_of(token):
    try:
        head, body, signature = token.split(".")
        text, algorithm, claims = f"{head}.{body}".encode(), json.loads(unb64(head))["alg"], json.loads(unb64(body))
        if algorithm == "HS256" and "pem-as-secret" in weak:
            good = hmac.compare_digest(hmac.digest(PEM, text, "sha256"), unb64(signature))
        else:
            private.public_key().verify(unb64(signature), text, padding.PKCS1v15(), hashes.SHA256())
            good = algorithm == "RS256"
        return claims if good and claims["exp"] > time.time() and claims["jti"] not in out else None
    except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature):
        return None


def caller(request):
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    claims = claims_of(token) if kind.lower() == "bearer" else None
    found = claims and one("select * from cook where name=?", str(claims.get("sub")))
    if not found:
        raise HTTPException(401, "log in first", {"WWW-Authenticate": "Bearer"})
    return {**found, "jti": claims["jti"]}


# -- answers

def success(data=None, status=200):
    return JSONResponse({"status": "success", "data": data}, status)


def fail(status, message, headers=None):
    return JSONResponse({"status": "fail" if status < 500 else "error", "message": message}, status, headers)


async def body(request):
    raw = b""
    async for chunk in request.stream():
        raw = raw[:20_001] + chunk
    if len(raw) > 20_000:
        raise HTTPException(413, "at most 20 kB")
    try:
        value = json.loads(raw or b"{}")
    except ValueError:
        raise HTTPException(400, "the body is not JSON") from None
    return value if isinstance(value, dict) else {}


def text(value, most):
    return value[:most] if isinstance(value, str) else ""


# -- cooks

MAIL = {True: r"^([a-zA-Z0-9]+[._-]?)+@([a-z0-9]+[.-]?)+\.[a-z]{2,}$", False: r"^[a-zA-Z0-9._-]{1,64}@[a-z0-9-]{1,60}(\.[a-z0-9-]{1,60}){0,3}\.[a-z]{2,}$"}


async def register(request):
    b = await body(request)
    name, password = text(b.get("name"), 31), text(b.get("password"), 200)
    if not re.fullmatch(r"[a-z]{3,30}", name) or len(password) < 8:
        return fail(422, "name: 3 to 30 small letters; password: 8 characters")
    if one("select 1 from cook where name=?", name):
        return fail(409, "this name is taken")
    chef = int(bool(b.get("chef"))) if "register-chef" in weak else 0
    rows("insert into cook(name,email,password,chef) values(?,?,?,?)", name, text(b.get("email"), 100), scrambled(password), chef)
    return success({"name": name}, 201)


async def login(request):
    b = await body(request)
    name, password = text(b.get("name"), 100), text(b.get("password"), 200)
    recent = [t for t in misses.get(name, []) if t > time.time() - 60]
    if len(recent) >= 5 and "login-on-and-on" not in weak:
        return fail(429, "locked for a minute", {"Retry-After": "60"})
    found = one("select * from cook where name=?", name)
    right = hmac.compare_digest(scrambled(password), found["password"] if found else scrambled("-"))
    if not right or not found:
        misses[name] = [*recent, time.time()]
        return fail(401, "wrong password for this cook" if found and "login-says" in weak else "no such cook" if "login-says" in weak else "name or password is wrong")
    return success({"auth_token": mint(name)})


async def logout(request):
    out.add(caller(request)["jti"])
    return success()


async def forgot(request):
    name = text((await body(request)).get("name"), 100)
    resets[name] = secrets.token_hex(4)
    return success({"sent": True, **({"code": resets[name]} if "reset-code-shown" in weak else {})}, 202)


async def cooks(request):
    caller(request)
    keep = ("name", "email", "password", "chef", "purse") if "profile-all" in weak else ("name",)
    return success([{k: c[k] for k in keep} for c in rows("select * from cook order by rowid limit 50")])


async def cook(request):
    caller(request)
    name = request.path_params["name"]
    try:
        found = (rows(f"select name from cook where name='{name}'") if "cook-sql" in weak else rows("select name from cook where name=?", name))
    except sqlite3.Error as error:
        return fail(500, f"sqlite3.{type(error).__name__}: {error}")
    return success(found[0]) if found else fail(404, "no such cook")


async def me(request):
    who = caller(request)
    return success({k: who[k] for k in ("name", "email", "purse")} | {"chef": bool(who["chef"])})


async def email(request):
    who, name, address = caller(request), request.path_params["name"], text((await body(request)).get("email"), 300)
    if name != who["name"] and not ("email-of-others" in weak and one("select 1 from cook where name=?", name)):
        return fail(404, "no such cook")
    if not re.match(MAIL["mail-pattern" in weak], address):
        return fail(422, "this is no address")
    rows("update cook set email=? where name=?", address, name)
    return success({"name": name, "email": address})


async def remove_cook(request):
    who, name = caller(request), request.path_params["name"]
    if not who["chef"] and "cook-remove" not in weak:
        return fail(403, "for chefs")
    if not one("select 1 from cook where name=? and chef=0", name):
        return fail(404, "no such cook")
    rows("delete from cook where name=?", name)
    return success()


# -- recipes

async def recipes(request):
    if "recipes-open" not in weak:
        caller(request)
    return success(rows("select title, cook, text from recipe order by rowid limit 100"))


async def new_recipe(request):
    who, b = caller(request), await body(request)
    title = text(b.get("title"), 61)
    if not re.fullmatch(r"[a-z0-9-]{2,60}", title):
        return fail(422, "title: small letters, digits and hyphens")
    if one("select 1 from recipe where title=?", title):
        return fail(409, "there is such a recipe")
    rows("insert into recipe values(?,?,?,?)", title, who["name"], text(b.get("text"), 2000), text(b.get("secret"), 200))
    return success({"title": title}, 201)


async def recipe(request):
    who, found = caller(request), one("select * from recipe where title=?", request.path_params["title"])
    if not found:
        return fail(404, "no such recipe")
    mine = found["cook"] == who["name"] or "secret-read" in weak
    return success({k: v for k, v in found.items() if k != "secret" or mine})


async def remove_recipe(request):
    who, found = caller(request), one("select * from recipe where title=?", request.path_params["title"])
    if not found or (found["cook"] != who["name"] and "recipe-remove" not in weak):
        return fail(404, "no such recipe")
    rows("delete from recipe where title=?", found["title"])
    return success()


async def source(request):
    caller(request)
    return success({"source": text((await body(request)).get("url"), 300)})  # a link to show; nobody fetches it


async def search(request):
    caller(request)
    if rng.random() < 0.15:
        await asyncio.sleep(1.2)  # the index is being written
    words = set(re.findall(r"\w+", request.query_params.get("q", "").lower()[:200]))
    return success([r for r in rows("select title, text from recipe order by rowid limit 100") if words & set(re.findall(r"\w+", f"{r['title']} {r['text']}".lower()))])


async def scale(request):
    amount = request.query_params.get("amount", "1").strip("{}$%=<># ")  # people paste from spreadsheets
    found = re.fullmatch(r"(\d{1,6})\s*([*+])\s*(\d{1,6})|(\d{1,6})", amount)
    if not found:
        return fail(422, "amount: a number, or two with * or + between")
    a, sign, b, plain = found.groups()
    return success({"amount": int(plain) if plain else int(a) * int(b) if sign == "*" else int(a) + int(b)})


async def photo(request):
    return Response(b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", media_type="image/gif")  # the same dot for any name


async def away(request):
    to = html.escape(request.query_params.get("to", "")[:300])
    return HTMLResponse(f"<!doctype html><title>Leaving</title><p>This would lead to <code>{to}</code>.")


async def shop(request):
    who, b = caller(request), await body(request)
    key, item = text(b.get("receipt"), 60), text(b.get("item"), 60)
    if len(key) < 6 or not item:
        return fail(422, "item, and a receipt number of your choice of 6 characters")
    if (who["name"], key) in bought and "shop-twice" not in weak:
        return fail(409, "this receipt was used")
    if who["purse"] < 300:
        return fail(402, "the purse is empty")
    bought[who["name"], key] = item
    rows("update cook set purse=purse-300 where name=?", who["name"])
    return success({"item": item, "cost": 300})


async def portions(request):
    caller(request)
    return success({"each": 1000 // int(request.query_params.get("people", "4"))})  # zero and words are a 500


async def public_key(request):
    return PlainTextResponse(PEM.decode())


async def described(request):
    return Response((Path(__file__).parent / "kitchen.openapi.json").read_text(), media_type="application/json")


async def shell(request):
    if request.method == "GET":
        if "debug-cooks" in weak and request.url.path == "/debug/cooks":
            return JSONResponse(rows("select * from cook"))
        return HTMLResponse("<!doctype html><title>Kitchen</title><div id=app></div>")  # the browser's part finds its way
    return fail(404, "nothing here")


async def refused(request, no):
    return fail(no.status_code, no.detail, no.headers)


async def broken(request, error):
    return fail(500, repr(error) + " at " + str(error.__traceback__.tb_frame.f_code.co_filename) if "stacktrace" in weak else "something went wrong")


class Headers:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def with_headers(message):
            if message["type"] == "http.response.start" and "headers-off" not in weak:
                message["headers"] = [*message["headers"], (b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"), (b"x-frame-options", b"DENY"),
                                      (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"), (b"referrer-policy", b"no-referrer")]
            await send(message)
        with contextlib.suppress(Exception):  # already answered by `broken`
            await self.app(scope, receive, with_headers)


def R(path, **methods):
    return [Route(path, function, methods=[method]) for method, function in methods.items()]


app = Headers(Starlette(exception_handlers={HTTPException: refused, Exception: broken}, routes=[
    *R("/openapi.json", GET=described), *R("/key.pem", GET=public_key), *R("/register", POST=register), *R("/login", POST=login), *R("/logout", POST=logout),
    *R("/forgot", POST=forgot), *R("/cooks", GET=cooks), *R("/me", GET=me), *R("/cooks/{name}", GET=cook, DELETE=remove_cook), *R("/cooks/{name}/email", PUT=email),
    *R("/recipes", GET=recipes, POST=new_recipe), *R("/recipes/{title}", GET=recipe, DELETE=remove_recipe), *R("/recipes/{title}/source", PUT=source),
    *R("/search", GET=search), *R("/scale", GET=scale), *R("/photos/{name:path}", GET=photo), *R("/away", GET=away), *R("/shop", POST=shop),
    *R("/portions", GET=portions), Route("/{rest:path}", shell, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])]))


class Loopback(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self):
        yield  # SIGTERM keeps its default: it ends even while a pattern is busy, and nothing is on disk


if __name__ == "__main__":
    given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    chosen = given.get("--flaws", "none")
    weak |= FLAWS if chosen == "all" else set() if chosen == "none" else set(chosen.split(","))
    if weak - FLAWS:
        sys.exit(f"unknown flaws: {', '.join(sorted(weak - FLAWS))}")
    seed()
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    listener = socket.create_server(("127.0.0.1", int(given.get("--port", 0))))
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    Loopback(uvicorn.Config(app, log_level="critical", server_header=False)).run(sockets=[listener])
