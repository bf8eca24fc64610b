"""Clinic: doctors and their patients, on FastAPI.

DELIBERATELY WEAK. It exists to be attacked by the scanner's tests, binds 127.0.0.1 and nothing else, and keeps
everything in memory. Run `clinic.py --port 0 --flaws none|all|a,b,c`; truth.json explains the flaws.
"""
import argparse
import base64
import hashlib
import hmac
import json
import os
import secrets
import signal
import socket
import sqlite3
import threading
import time
import traceback
import urllib.request
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID, uuid4

import jinja2
import uvicorn
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from fastapi import Depends, FastAPI, Form, Header, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel, Field

FLAWS = {"patient-read", "patient-change", "patient-delete", "record-elsewhere", "patient-owner", "directory-private", "audit-open",
         "schedule-open", "letter-template", "key-mixup", "kid-sql", "own-key", "far-key", "early-token", "other-audience",
         "other-issuer", "refresh-again", "logout-nothing", "reset-tells", "large-bodies", "trace-in-500", "any-origin"}
weak: set[str] = set()
ISSUER = "https://clinic.example/"
private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
public_pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
keys = sqlite3.connect(":memory:", check_same_thread=False)
keys.execute("create table verify_key(kid text, material text)")
keys.execute("insert into verify_key values('clinic-2024', ?)", (public_pem,))
keys_lock = threading.Lock()
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

app = FastAPI(title="Clinic", version="3.2.0", description="Doctors see their own patients. Errors are problem documents.",
              docs_url=None, redoc_url=None)
bearer = OAuth2PasswordBearer(tokenUrl="auth/token", auto_error=False)

def hashed(password: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 2000)

def doctor(username, name, speciality, password, role="doctor"):
    salt = secrets.token_bytes(8)
    return {"id": str(uuid4()), "username": username, "name": name, "speciality": speciality, "role": role, "salt": salt,
            "hash": hashed(password, salt), "licence": f"LN-{secrets.randbelow(10**6):06}"}

doctors = {d["username"]: d for d in (doctor("dr.adler", "Ruth Adler", "cardiology", "Stethoscope-88"),
                                      doctor("dr.brandt", "Felix Brandt", "paediatrics", "Lollipop&Plaster"),
                                      doctor("office", "Head Office", "administration", "Blue-Folder-Rack-3", "office"))}
nobody = doctor("", "", "", "nobody")
patients: dict[str, dict] = {}
records: dict[str, dict] = {}
refreshes: dict[str, dict] = {}
ended: set[str] = set()
misses: dict[str, list[float]] = {}
audit: list[dict] = []
for who, name in (("dr.adler", "Greta Lind"), ("dr.brandt", "Paul Moser")):
    number = str(uuid4())
    patients[number] = {"id": number, "name": name, "born": "1980-05-17", "phone": "+43 1 555", "doctor": who, "gone": False, "version": 1}
    entry = str(uuid4())
    records[entry] = {"id": entry, "patient": number, "text": f"{name}: blood pressure 120/80"}

# ---- tokens

def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

def number_of(text: str) -> int:
    return int.from_bytes(unb64(text), "big")

def mint(who: dict, session: str, audience: str) -> str:
    now = int(time.time())
    head = {"alg": "RS256", "typ": "JWT", "kid": "clinic-2024"}
    claims = {"iss": ISSUER, "aud": audience, "sub": who["username"], "sid": session, "iat": now, "nbf": now, "exp": now + 900}
    text = b64(json.dumps(head).encode()) + "." + b64(json.dumps(claims).encode())
    return text + "." + b64(private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))

def jwk_key(jwk: dict):
    return rsa.RSAPublicNumbers(number_of(jwk["e"]), number_of(jwk["n"])).public_key()

def verify_key(head: dict):
    """An RSA key, or the bytes of a shared secret."""
    if "jwk" in head and "own-key" in weak:
        return jwk_key(head["jwk"])
    if "jku" in head and "far-key" in weak:
        with direct.open(head["jku"], timeout=3) as got:
            return jwk_key(json.loads(got.read(65536))["keys"][0])
    kid = str(head.get("kid", "clinic-2024"))
    with keys_lock:
        query = (keys.execute(f"select material from verify_key where kid = '{kid}'") if "kid-sql" in weak
                 else keys.execute("select material from verify_key where kid = ?", (kid,)))
        material = query.fetchone()[0]
    if material.startswith("-----") and not ("key-mixup" in weak and head["alg"] == "HS256"):
        return serialization.load_pem_public_key(material.encode())
    return material.encode()

def read_token(token: str, audience: str) -> dict | None:
    try:
        head_text, claims_text, signature = token.split(".")
        head, claims = json.loads(unb64(head_text)), json.loads(unb64(claims_text))
        text, key = f"{head_text}.{claims_text}".encode(), verify_key(head)
        if isinstance(key, bytes):
            good = head["alg"] == "HS256" and hmac.compare_digest(hmac.digest(key, text, "sha256"), unb64(signature))
        else:
            key.verify(unb64(signature), text, padding.PKCS1v15(), hashes.SHA256())
            good = head["alg"] == "RS256"
        now = time.time()
        good = (good and claims["exp"] > now and (claims["nbf"] <= now + 5 or "early-token" in weak)
                and (claims["aud"] == audience or "other-audience" in weak) and (claims["iss"] == ISSUER or "other-issuer" in weak)
                and (claims["sid"] not in ended or "logout-nothing" in weak))
        return claims if good else None
    except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature, OSError, sqlite3.Error):
        return None

def login_for(audience: str):
    def current(token: Annotated[str | None, Depends(bearer)]) -> dict:
        claims = read_token(token, audience) if token else None
        if not claims or claims["sub"] not in doctors:
            raise HTTPException(401, "a valid bearer token is needed", {"WWW-Authenticate": "Bearer"})
        return {**doctors[claims["sub"]], "sid": claims["sid"]}
    return current

Doctor = Annotated[dict, Depends(login_for("clinic"))]
Reader = Annotated[dict, Depends(login_for("reports"))]

# ---- answers

def problem(status: int, detail: str, headers=None):
    return JSONResponse({"type": "about:blank", "title": "Refused" if status < 500 else "Failed", "status": status, "detail": detail},
                        status, headers, media_type="application/problem+json")

@app.exception_handler(HTTPException)
def refused(_: Request, no: HTTPException):
    return problem(no.status_code, no.detail, no.headers)

@app.exception_handler(404)
@app.exception_handler(405)
def nothing(_: Request, no):
    return problem(no.status_code, str(no.detail), no.headers)

@app.exception_handler(RequestValidationError)
def invalid(_: Request, no: RequestValidationError):
    return problem(422, "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in no.errors())[:500])

@app.middleware("http")
async def around(request: Request, call_next):
    length = request.headers.get("content-length", "0")
    if "transfer-encoding" in request.headers and "large-bodies" not in weak:
        answer = problem(411, "send a Content-Length", {"Connection": "close"})
    elif (not length.isdigit() or int(length) > 100_000) and "large-bodies" not in weak:
        async for _ in request.stream():
            pass  # nobody hears an answer while still talking
        answer = problem(413, "at most 100 kB")
    else:
        try:
            answer = await call_next(request)
        except Exception:
            answer = problem(500, traceback.format_exc() if "trace-in-500" in weak else "something went wrong")
    answer.headers.update({"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
                           "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "X-Frame-Options": "DENY"})
    if "any-origin" in weak and "origin" in request.headers:
        answer.headers.update({"Access-Control-Allow-Origin": request.headers["origin"], "Access-Control-Allow-Credentials": "true"})
    return answer

# ---- login

class Tokens(BaseModel):
    access_token: str
    refresh_token: str
    token_type: str = "bearer"
    expires_in: int = 900

def session_for(who: dict, audience: str, session: str | None = None) -> Tokens:
    session, refresh = session or secrets.token_hex(8), secrets.token_urlsafe(24)
    refreshes[refresh] = {"who": who, "sid": session, "audience": audience, "used": False}
    return Tokens(access_token=mint(who, session, audience), refresh_token=refresh)

@app.get("/.well-known/jwks.json", tags=["auth"])
def jwks():
    numbers = private.public_key().public_numbers()
    return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "clinic-2024", "e": "AQAB", "n": b64(numbers.n.to_bytes(256, "big"))}]}

@app.post("/auth/token", tags=["auth"])
def token(username: Annotated[str, Form(max_length=80)], password: Annotated[str, Form(max_length=200)],
          audience: Annotated[str, Form(pattern="^(clinic|reports)$")] = "clinic") -> Tokens:
    misses[username] = [t for t in misses.get(username, []) if t > time.time() - 60]
    if len(misses[username]) >= 5:
        raise HTTPException(429, "this account is locked for a minute", {"Retry-After": "60"})
    who = doctors.get(username, nobody)
    if not hmac.compare_digest(who["hash"], hashed(password, who["salt"])) or who is nobody:
        misses[username].append(time.time())
        raise HTTPException(401, "username or password is wrong")
    return session_for(who, audience)

class Refresh(BaseModel):
    refresh_token: str

@app.post("/auth/refresh", tags=["auth"])
def refresh(body: Refresh) -> Tokens:
    known = refreshes.get(body.refresh_token)
    if not known or (known["sid"] in ended and "logout-nothing" not in weak):
        raise HTTPException(401, "unknown refresh token")
    if known["used"] and "refresh-again" not in weak:
        ended.add(known["sid"])  # somebody else has it: the whole session ends
        raise HTTPException(401, "unknown refresh token")
    known["used"] = True
    return session_for(known["who"], known["audience"], known["sid"])

@app.post("/auth/logout", status_code=204, tags=["auth"])
def logout(me: Doctor):
    ended.add(me["sid"])
    return Response(status_code=204)

class Reset(BaseModel):
    username: str = Field(max_length=80, examples=["dr.adler"])

@app.post("/auth/reset", status_code=202, tags=["auth"])
def reset(body: Reset):
    if "reset-tells" in weak and body.username not in doctors:
        raise HTTPException(404, "no such doctor")
    return {"status": "if the account exists, a message was sent"}

# ---- patients

class NewPatient(BaseModel):
    name: str = Field(max_length=100, examples=["Greta Lind"])
    born: str = Field(pattern=r"^\d{4}-\d\d-\d\d$", examples=["1980-05-17"])
    phone: str = Field("", max_length=30)

class Patient(NewPatient):
    id: UUID
    doctor: str

class NewRecord(BaseModel):
    text: str = Field(max_length=2000, examples=["Blood pressure 120/80"])

class Letter(BaseModel):
    text: str = Field(max_length=2000, examples=["Dear {{ name }}, please come on Monday."])

def shown(patient: dict, status=200):
    return JSONResponse({k: patient[k] for k in ("id", "name", "born", "phone", "doctor")}, status, {"ETag": f'"{patient["version"]}"'})

def mine(me: dict, number: UUID, flaw="") -> dict:
    found = patients.get(str(number))
    if not found or (found["doctor"] != me["username"] and flaw not in weak):
        raise HTTPException(404, "no such patient")
    if found["gone"]:
        raise HTTPException(410, "this patient was removed")
    return found

@app.get("/patients", response_model=list[Patient], tags=["patients"])
def my_patients(me: Doctor):
    return [p for p in patients.values() if p["doctor"] == me["username"] and not p["gone"]][-100:]

@app.post("/patients", response_model=Patient, status_code=201, tags=["patients"])
async def admit(me: Doctor, body: NewPatient, request: Request):
    new = {"id": str(uuid4()), **body.model_dump(), "doctor": me["username"], "gone": False, "version": 1}
    if "patient-owner" in weak:
        new.update({k: v for k, v in (await request.json()).items() if k == "doctor"})
    patients[new["id"]] = new
    audit.append({"who": me["username"], "did": "admit", "patient": new["id"]})
    return shown(new, 201)

@app.get("/patients/{patient_id}", response_model=Patient, tags=["patients"])
def patient(me: Doctor, patient_id: UUID):
    return shown(mine(me, patient_id, "patient-read"))

@app.put("/patients/{patient_id}", response_model=Patient, tags=["patients"])
def change(me: Doctor, patient_id: UUID, body: NewPatient, if_match: Annotated[str | None, Header()] = None):
    found = mine(me, patient_id, "patient-change")
    if if_match not in (None, "*", f'"{found["version"]}"'):
        raise HTTPException(412, "somebody changed this patient before")
    found.update(body.model_dump(), version=found["version"] + 1)
    return shown(found)

@app.delete("/patients/{patient_id}", status_code=204, tags=["patients"])
def remove(me: Doctor, patient_id: UUID):
    mine(me, patient_id, "patient-delete")["gone"] = True
    return Response(status_code=204)

@app.post("/patients/{patient_id}/records", status_code=201, tags=["records"])
def add_record(me: Doctor, patient_id: UUID, body: NewRecord):
    new = {"id": str(uuid4()), "patient": mine(me, patient_id)["id"], "text": body.text}
    records[new["id"]] = new
    return new

@app.get("/patients/{patient_id}/records", tags=["records"])
def all_records(me: Doctor, patient_id: UUID):
    number = mine(me, patient_id)["id"]
    return [r for r in records.values() if r["patient"] == number][:100]

@app.get("/patients/{patient_id}/records/{record_id}", tags=["records"])
def one_record(me: Doctor, patient_id: UUID, record_id: UUID):
    number, found = mine(me, patient_id)["id"], records.get(str(record_id))
    if not found or (found["patient"] != number and "record-elsewhere" not in weak):
        raise HTTPException(404, "no such record")
    return found

@app.post("/patients/{patient_id}/letter", tags=["patients"])
def letter(me: Doctor, patient_id: UUID, body: Letter):
    found = mine(me, patient_id)
    if "letter-template" in weak:
        return {"letter": jinja2.Environment().from_string(body.text).render(name=found["name"])}
    return {"letter": body.text.replace("{{ name }}", found["name"])}

# ---- the house

@app.get("/doctors", tags=["house"])
def directory(me: Doctor):
    names = ("id", "name", "speciality", "licence", "username") if "directory-private" in weak else ("id", "name", "speciality")
    extra = (lambda d: {"hash": d["hash"].hex(), "salt": d["salt"].hex()}) if "directory-private" in weak else (lambda d: {})
    return [{**{k: d[k] for k in names}, **extra(d)} for d in doctors.values()]

def schedule_login(token: Annotated[str | None, Depends(bearer)]):
    return None if "schedule-open" in weak else login_for("clinic")(token)

@app.get("/schedule", tags=["house"])
def schedule(me: Annotated[dict | None, Depends(schedule_login)], day: str = "monday"):
    return {"day": day[:20], "visits": [{"at": "09:00", "patient": p["name"]} for p in patients.values() if not me or p["doctor"] == me["username"]][:50]}

@app.get("/reports/summary", tags=["house"], description="Needs a token for the audience `reports`.")
def summary(me: Reader):
    time.sleep(1.5)  # the count is slow, whatever is asked
    return {"patients": sum(p["doctor"] == me["username"] for p in patients.values())}

@app.get("/audit", tags=["house"])
def log(me: Doctor):
    if me["role"] != "office" and "audit-open" not in weak:
        raise HTTPException(403, "for the office only")
    return audit[-100:]

@app.get("/schedule/export", tags=["house"])
def export(me: Doctor, columns: str = "at,patient"):
    order = ["at", "patient"]
    return {"header": sorted(columns[:200].split(","), key=order.index)}  # an unknown column is a 500

class Loopback(uvicorn.Server):
    @contextmanager
    def capture_signals(self):
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # nothing on disk to tidy up
        yield

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--flaws", default="none")
    args = parser.parse_args()
    weak.update(FLAWS if args.flaws == "all" else [] if args.flaws == "none" else args.flaws.split(","))
    if weak - FLAWS:
        parser.error(f"unknown flaws {sorted(weak - FLAWS)}")
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", args.port))
    listener.listen(128)
    server = Loopback(uvicorn.Config(app, log_level="critical", server_header=False))
    app.router.lifespan_context = lambda _: ready(listener.getsockname()[1])
    server.run(sockets=[listener])

class ready:
    def __init__(self, port):
        self.port = port

    async def __aenter__(self):
        print(f"listening on http://127.0.0.1:{self.port}", flush=True)

    async def __aexit__(self, *_):
        pass

if __name__ == "__main__":
    main()
