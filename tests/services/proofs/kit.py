"""What the proofs share: calls over plain sockets, and forged tokens."""
import base64
import functools
import hashlib
import hmac
import http.client
import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlencode, urlsplit


class Answer:
    def __init__(self, status, headers, body, seconds):
        self.status, self.headers, self.seconds = status, headers, seconds
        self.text = body.decode("utf-8", "replace")

    @property
    def json(self):
        try:
            return json.loads(self.text)
        except ValueError:
            return {}


class Service:
    """One running service; `call` sends one request, follows nothing and raises nothing for a status."""

    def __init__(self, base):
        self.base, self.kept = base, {}
        self.host = urlsplit(base).netloc

    def call(self, method, path, value=None, headers=None, form=None, body=None, token=None, timeout=15):
        sent = dict(headers or {})
        if value is not None:
            body, sent = json.dumps(value), {"Content-Type": "application/json", **sent}
        if form is not None:
            body, sent = urlencode(form), {"Content-Type": "application/x-www-form-urlencoded", **sent}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        began = time.monotonic()
        link = http.client.HTTPConnection(self.host, timeout=timeout)
        try:
            link.request(method, path, body=body, headers=sent)
            got = link.getresponse()
            return Answer(got.status, got.headers, got.read(), time.monotonic() - began)
        except (OSError, http.client.HTTPException):
            return Answer(0, {}, b"", time.monotonic() - began)
        finally:
            link.close()

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, value=None, **more):
        return self.call("POST", path, value, **more)

    def keep(self, name, make):
        """The value of `make`, made once for this service."""
        if name not in self.kept:
            self.kept[name] = make()
        return self.kept[name]


class Proofs:
    def __init__(self):
        self.flaws, self.traps = {}, {}

    def flaw(self, code):
        """The function is true exactly when the flaw can be used."""
        return lambda function: self.flaws.setdefault(code, function)

    def trap(self, code):
        """The function is true when the innocent behaviour is there."""
        return lambda function: self.traps.setdefault(code, function)


def b64(raw):
    return base64.urlsafe_b64encode(raw if isinstance(raw, bytes) else raw.encode()).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims(token):
    return json.loads(unb64(token.split(".")[1]))


def basic(name, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def unsigned(payload, alg="none"):
    return b64(json.dumps({"alg": alg, "typ": "JWT"})) + "." + b64(json.dumps(payload)) + "."


def hs256(payload, key, **header):
    text = b64(json.dumps({"alg": "HS256", "typ": "JWT", **header})) + "." + b64(json.dumps(payload))
    key = key if isinstance(key, bytes) else key.encode()
    return text + "." + b64(hmac.new(key, text.encode(), hashlib.sha256).digest())


def signed_with(key, token):
    """Whether this word is the key of an HS256 token: found without asking the service."""
    text, _, signature = token.rpartition(".")
    return signature == b64(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest())


def prime(bits, rng):
    small = [p for p in range(3, 2000, 2) if all(p % q for q in range(3, int(p ** 0.5) + 1, 2))]
    while True:
        n = rng.getrandbits(bits) | (3 << (bits - 2)) | 1
        if n % 65537 == 1 or any(n % p == 0 for p in small):
            continue
        if all(pow(a, n - 1, n) == 1 for a in (2, 3, 5)):
            return n


@functools.cache
def our_key():
    return Rsa()


class Rsa:
    """A small key of our own for tokens that bring their key along; fit for a test, nothing else."""

    def __init__(self):
        rng = random.SystemRandom()
        p, q = prime(512, rng), prime(512, rng)
        self.n, self.d = p * q, pow(65537, -1, (p - 1) * (q - 1))

    def jwk(self, kid="ours"):
        return {"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "e": "AQAB", "n": b64(self.n.to_bytes(128, "big"))}

    def sign(self, payload, **header):
        text = b64(json.dumps({"alg": "RS256", "typ": "JWT", **header})) + "." + b64(json.dumps(payload))
        digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(text.encode()).digest()
        block = b"\0\1" + b"\xff" * (125 - len(digest)) + b"\0" + digest
        return text + "." + b64(pow(int.from_bytes(block, "big"), self.d, self.n).to_bytes(128, "big"))


def explodes(call):
    """Whether the time of `call(n)` grows out of all measure with n; asks for no more than it must."""
    short = min(call(10).seconds for _ in range(2))
    return any(call(n).seconds > short + 0.4 for n in (18, 20, 22, 23, 24, 26))


def takes(slow, fast, seconds):
    """Whether `slow()` takes these seconds more than `fast()`, twice in a row."""
    return all(slow().seconds - fast().seconds > seconds * 0.8 for _ in range(2))


class Witness:
    """A listener of ours on loopback: remembers who called, answers with one document."""

    def __init__(self, document=b"seen by the witness"):
        self.paths = paths = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                paths.append(self.path)
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(200)
                self.send_header("Content-Length", str(len(document)))
                self.end_headers()
                self.wfile.write(document)

            do_POST = do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
