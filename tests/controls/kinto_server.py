"""Serves Kinto on loopback with everything in memory: `kinto_server.py PORT` (port 0: a free one).

Started by kinto.sh. Prints `listening on http://127.0.0.1:PORT`, then the accounts as JSON. The settings are
those of the file that `kinto init` writes; what it leaves to choose is chosen here. Through Kinto's own API
an administrator makes one collection where whoever has an account may write records, and sees only theirs.
"""

import base64
import json
import pathlib
import secrets
import signal
import sys
import threading
import urllib.request

import kinto
import waitress.server

NOTES = "/buckets/shared/collections/notes"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: kinto_server.py PORT")
    server = waitress.server.create_server(kinto.main({}, **settings()), host="127.0.0.1", port=int(sys.argv[1]))
    url = f"http://127.0.0.1:{server.effective_port}/v1"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    threading.Thread(target=announce, args=(url,), daemon=True).start()
    server.run()


def settings():
    return {
        "kinto.version_json_path": str(pathlib.Path(__file__).with_name("kinto.version.json")),
        "kinto.includes": "kinto.plugins.default_bucket kinto.plugins.accounts",
        "kinto.storage_backend": "kinto.core.storage.memory",
        "kinto.cache_backend": "kinto.core.cache.memory",
        "kinto.permission_backend": "kinto.core.permission.memory",
        "kinto.userid_hmac_secret": secrets.token_hex(32),
        "kinto.default_bucket_hmac_secret": secrets.token_hex(32),
        "multiauth.policies": "account",
        "multiauth.policy.account.use": "kinto.plugins.accounts.AccountsPolicy",
        "kinto.account_create_principals": "system.Everyone",
        "kinto.account_write_principals": "account:admin",
        "kinto.bucket_create_principals": "account:admin",
    }


def announce(url):
    accounts = {name: {"name": name, "password": secrets.token_urlsafe(12)} for name in ("a", "b", "admin")}
    for account in accounts.values():
        call(url, None, "PUT", f"/accounts/{account['name']}", {"data": {"password": account["password"]}})
        pair = f"{account['name']}:{account['password']}".encode()
        account["authorization"] = "Basic " + base64.b64encode(pair).decode()
    admin = accounts["admin"]["authorization"]
    call(url, admin, "PUT", "/buckets/shared", {})
    call(url, admin, "PUT", NOTES, {"permissions": {"record:create": ["system.Authenticated"]}})
    for name in ("a", "b"):
        note = {"data": {"title": f"A note of {name}"}}
        accounts[name]["note"] = call(url, accounts[name]["authorization"], "POST", f"{NOTES}/records", note)["data"]["id"]
    print(f"listening on {url.removesuffix('/v1')}", json.dumps({"url": url, **accounts}), sep="\n", flush=True)


def call(url, authorization, method, path, body):
    headers = {"content-type": "application/json"}
    if authorization:
        headers["authorization"] = authorization
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers, method=method)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main()
