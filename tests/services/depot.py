#!/usr/bin/env python3
# File depot on the standard library's http.server (plus lxml for manifests).
# DELIBERATELY WEAK, for the scanner's tests: loopback only, files in a temporary folder that goes at exit.
# usage: depot.py --port 0 --flaws none|all|a,b,c      (flaws: see truth.json)

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

from lxml import etree

ALL = {"peek-bucket", "wipe-file", "dotdot", "save-as", "digest-shell", "manifest-entities", "fetch-anything", "trace-on",
       "left-behind", "listing-open", "pass-shown", "tracebacks", "digest-unlimited", "any-size", "bare-headers", "list-all"}
FLAWS = set()
ROOT = ""
PASSES = {"dp_nadia_5f2b9c7710e4": "nadia", "dp_pavel_a81e03d9c25f": "pavel", "dp_root_e6c44b01f7a93d12": "warden"}
OWNERS = {"samples": None, "nadia-photos": "nadia", "pavel-scans": "pavel"}
DIGESTS = {}
LIMIT = 1024 * 1024
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Refused(Exception):
    def __init__(self, status, text, **headers):
        super().__init__(text)
        self.status, self.text, self.headers = status, text, headers


def bucket_dir(bucket):
    return os.path.join(ROOT, "data", bucket)


def my_bucket(who, bucket, flaw=None, reading=False):
    if bucket not in OWNERS:
        raise Refused(404, "no such bucket")
    owner = OWNERS[bucket]
    if owner == who or (reading and owner is None) or (flaw and flaw in FLAWS):
        return bucket_dir(bucket)
    raise Refused(403, "not your bucket")


def my_file(who, bucket, name, **more):
    folder = my_bucket(who, bucket, **more)
    if not NAME.fullmatch(name):
        raise Refused(400, "bad file name")
    return os.path.join(folder, name)


# --- operations: (handler, who, *path parts) -> (status, body, headers)

def buckets(h, who):
    return 200, sorted(b for b, o in OWNERS.items() if o in (who, None)), {}


def make_bucket(h, who, bucket):
    if not NAME.fullmatch(bucket):
        raise Refused(400, "bad bucket name")
    if OWNERS.get(bucket, who) != who:
        raise Refused(409, "name is taken")
    new = bucket not in OWNERS
    if new and list(OWNERS.values()).count(who) >= 40:
        raise Refused(409, "too many buckets")
    OWNERS[bucket] = who
    os.makedirs(bucket_dir(bucket), exist_ok=True)
    return (201 if new else 200), {"bucket": bucket}, {}


def listing(h, who, bucket):
    folder = bucket_dir(bucket) if "listing-open" in FLAWS and who is None and bucket in OWNERS else \
        my_bucket(who, bucket, "peek-bucket", reading=True)
    try:
        limit = max(int(h.query.get("limit", "25")), 1)
    except ValueError:
        raise Refused(400, "limit is a number") from None
    if "list-all" not in FLAWS:
        limit = min(limit, 100)
    after = h.query.get("after", "")
    names = [n for n in sorted(os.listdir(folder)) if n > after]
    page = names[:limit]
    files = [{"name": n, "size": os.path.getsize(os.path.join(folder, n))} for n in page]
    # `token` is where the next page starts; it opens nothing
    return 200, {"files": files, "token": page[-1] if len(names) > limit else None}, {}


def download(h, who, bucket, name):
    if "dotdot" in FLAWS:
        my_bucket(who, bucket, "peek-bucket", reading=True)
        path = os.path.join(bucket_dir(bucket), name)
    else:
        path = my_file(who, bucket, name, flaw="peek-bucket", reading=True)
    if not os.path.isfile(path):
        raise Refused(404, "no such file")
    with open(path, "rb") as f:
        content = f.read(LIMIT)
    shown = h.query.get("save_as", os.path.basename(name))
    if "save-as" not in FLAWS:
        shown = quote(shown, safe=" ")
    return 200, content, {"Content-Disposition": f'attachment; filename="{shown}"', "ETag": '"%s"' % hashlib.sha1(content).hexdigest()}


def upload(h, who, bucket, name):
    path = my_file(who, bucket, name)
    new = not os.path.exists(path)
    if new and len(os.listdir(os.path.dirname(path))) >= 500:
        raise Refused(409, "bucket is full")
    with open(path, "wb") as f:
        f.write(h.body)
    return (201 if new else 200), {"name": name, "size": len(h.body)}, {}


def remove(h, who, bucket, name):
    path = my_file(who, bucket, name, flaw="wipe-file")
    if not os.path.exists(path):
        raise Refused(404, "no such file")
    os.remove(path)
    return 204, b"", {}


def digest(h, who, bucket, name):
    path, kind = my_file(who, bucket, name), str(h.json().get("kind", "md5"))
    if "digest-unlimited" not in FLAWS:
        DIGESTS[who] = [t for t in DIGESTS.get(who, []) if t > time.time() - 10] + [time.time()]
        if len(DIGESTS[who]) > 20:
            raise Refused(429, "20 digests in 10 seconds, no more", **{"Retry-After": "10"})
    if not os.path.exists(path):
        raise Refused(404, "no such file")
    if "digest-shell" in FLAWS:
        done = subprocess.run(f"{kind}sum '{path}'", shell=True, capture_output=True, timeout=20)
    elif kind in ("md5", "sha1", "sha256"):
        done = subprocess.run([kind + "sum", path], capture_output=True, timeout=20)
    else:
        raise Refused(400, "kind is md5, sha1 or sha256")
    return 200, {"digest": done.stdout.decode("utf-8", "replace").replace(path, name).strip()}, {}


def manifest(h, who, bucket):
    my_bucket(who, bucket)
    open_minded = "manifest-entities" in FLAWS
    if not open_minded and b"<!DOCTYPE" in h.body.upper():
        raise Refused(400, "no DOCTYPE, please")
    parser = etree.XMLParser(resolve_entities=open_minded, load_dtd=open_minded, no_network=True, huge_tree=False)
    try:
        tree = etree.fromstring(h.body, parser)
    except etree.XMLSyntaxError:
        raise Refused(400, "this is not XML") from None
    found = [{"name": f.findtext("name", ""), "note": "".join(f.find("note").itertext()) if f.find("note") is not None else ""}
             for f in tree.iter("file")][:100]
    return 200, {"files": found}, {}


def fetch(h, who, bucket):
    wanted = h.json()
    url, path = str(wanted.get("url", "")), my_file(who, bucket, str(wanted.get("name", "")))
    if not url.startswith(("http://", "https://")):
        raise Refused(400, "url starts with http:// or https://")
    if "fetch-anything" not in FLAWS:
        # The mirror is switched off in the sandbox, so nothing is ever called.
        raise Refused(502 if urlsplit(url).hostname == "mirror.depot.example" else 400, "only files of mirror.depot.example")
    try:
        with DIRECT.open(url, timeout=4) as got:
            content = got.read(LIMIT)
    except OSError:
        raise Refused(502, "could not fetch that") from None
    with open(path, "wb") as f:
        f.write(content)
    return 201, {"name": os.path.basename(path), "size": len(content)}, {}


def whoami(h, who):
    return 200, {"name": who, **({"pass": h.headers["X-Depot-Pass"]} if "pass-shown" in FLAWS else {})}, {}


def usage(h, who):
    if who != "warden":
        return 200, [], {}
    return 200, [{"bucket": b, "owner": o, "files": len(os.listdir(bucket_dir(b)))} for b, o in sorted(OWNERS.items())], {}


def swagger(h, who):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "depot.openapi.yaml"), "rb") as f:
        return 200, f.read(), {"Content-Type": "application/yaml"}


def health(h, who):
    return 200, "fine\n", {}


FILE = r"/buckets/([^/]+)/files/([^/]+)"
ROUTES = [("GET", r"/swagger\.yaml", swagger, False), ("GET", r"/health", health, False), ("GET", r"/whoami", whoami, True),
          ("GET", r"/buckets", buckets, True), ("PUT", r"/buckets/([^/]+)", make_bucket, True),
          ("GET", r"/buckets/([^/]+)/files", listing, True), ("GET", FILE, download, True), ("PUT", FILE, upload, True),
          ("DELETE", FILE, remove, True), ("POST", FILE + "/digest", digest, True),
          ("POST", r"/buckets/([^/]+)/manifest", manifest, True), ("POST", r"/buckets/([^/]+)/fetch", fetch, True),
          ("GET", r"/admin/usage", usage, True)]
LEFT = {"/.git/HEAD": "ref: refs/heads/main\n", "/.git/config": "[core]\n\trepositoryformatversion = 0\n\tbare = false\n"
        "[remote \"origin\"]\n\turl = git@code.depot.example:depot.git\n",
        "/depot.py.bak": "PASSES = {\"dp_root_...\": \"warden\"}\nROOT = \"/srv/depot\"\n",
        "/debug/vars": json.dumps({"cmdline": ["depot.py"], "env": {"DEPOT_ROOT": "/srv/depot", "DEPOT_PASS": "dp_root_..."}})}


class Depot(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def version_string(self):
        return "depot"

    def log_message(self, *_):
        pass

    def json(self):
        value = json.loads(self.body)
        return value if isinstance(value, dict) else {}

    def answer(self, status, body, headers):
        kind = "application/octet-stream"
        if isinstance(body, str):
            body, kind = body.encode(), "text/plain; charset=utf-8"
        elif not isinstance(body, bytes):
            body, kind = json.dumps(body).encode(), "application/json"
        self.send_response(status)
        if "bare-headers" not in FLAWS:
            headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Frame-Options": "DENY",
                       "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Referrer-Policy": "no-referrer", **headers}
        for key, value in {"Content-Type": kind, **headers}.items():
            self.send_header(key, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 204 and self.command != "HEAD":
            self.wfile.write(body)

    def take(self):
        length = int(self.headers.get("Content-Length") or 0)
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            raise Refused(411, "Content-Length, please")
        if length > LIMIT and "any-size" not in FLAWS:
            self.close_connection = True
            for _ in range(min(length, 64 * LIMIT) >> 16):
                self.rfile.read(1 << 16)  # nobody hears an answer while still talking
            raise Refused(413, "at most 1 MiB")
        self.body = self.rfile.read(length)

    def serve(self):
        try:
            self.take()
            url = urlsplit(self.path)
            self.query = {k: v[0] for k, v in parse_qs(url.query).items()}
            if "left-behind" in FLAWS and url.path in LEFT:
                return self.answer(200, LEFT[url.path], {})
            self.answer(*self.route(url.path))
        except Refused as no:
            self.answer(no.status, no.text + "\n", no.headers)
        except Exception:
            self.answer(500, traceback.format_exc() if "tracebacks" in FLAWS else "internal error\n", {})

    def route(self, path):
        here = False
        for method, pattern, function, guarded in ROUTES:
            match = re.fullmatch(pattern, path)
            here = here or bool(match)
            if match and method == self.command.replace("HEAD", "GET"):
                who = PASSES.get(self.headers.get("X-Depot-Pass", ""))
                if guarded and who is None and not (function is listing and "listing-open" in FLAWS):
                    raise Refused(401, "X-Depot-Pass is missing or unknown")
                return function(self, who, *(unquote(part) for part in match.groups()))
        raise Refused(405 if here else 404, "no such thing here")

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = do_OPTIONS = serve

    def do_TRACE(self):
        if "trace-on" not in FLAWS:
            return self.answer(405, "no\n", {})
        self.answer(200, f"{self.requestline}\r\n{self.headers}".encode(), {"Content-Type": "message/http"})


def seed():
    for bucket in OWNERS:
        os.makedirs(bucket_dir(bucket))
    for bucket, name, text in (("samples", "readme.txt", "Samples for everyone.\n"), ("nadia-photos", "list.txt", "sea, dunes\n"),
                               ("pavel-scans", "lease.txt", "Lease, signed 2021\n")):
        with open(os.path.join(bucket_dir(bucket), name), "w") as f:
            f.write(text)
    for i in range(260):
        with open(os.path.join(bucket_dir("samples"), f"tile-{i:03}.txt"), "w") as f:
            f.write(f"tile {i}\n")


def main():
    global ROOT
    given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    flaws = given.get("--flaws", "none")
    FLAWS.update(ALL if flaws == "all" else [] if flaws == "none" else flaws.split(","))
    if FLAWS - ALL:
        sys.exit(f"unknown flaws: {', '.join(sorted(FLAWS - ALL))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="depot-") as ROOT:
        seed()
        server = ThreadingHTTPServer(("127.0.0.1", int(given.get("--port", 0))), Depot)
        server.daemon_threads, server.block_on_close = True, False
        server.handle_error = lambda *_: None  # a caller that left
        print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()
