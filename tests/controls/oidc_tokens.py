#!/usr/bin/env python3
"""Logs the accounts a and b in at oidc.js, as a browser would, and prints their tokens as JSON.

`oidc_tokens.py URL`: the authorization code flow with PKCE for the public client, login, consent. For each
account: `access_token` (opaque, for /me), `jwt` (for /whoami), `refresh_token` (not yet used), `id_token`.
"""

import base64
import hashlib
import http.cookiejar
import json
import secrets
import sys
import urllib.error
import urllib.parse
import urllib.request

PASSWORDS = {"a": "tin-anchor-violet-93", "b": "oak-beacon-copper-27"}
CLIENT = "console"
CALLBACK = "http://127.0.0.1/callback"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: oidc_tokens.py URL")
    url = sys.argv[1].rstrip("/")
    print(json.dumps({name: tokens(url, name, password) for name, password in PASSWORDS.items()}))


def tokens(url, name, password):
    verifier = secrets.token_urlsafe(48)
    code = authorised(url, name, password, verifier)
    first = grant(url, grant_type="authorization_code", code=code, redirect_uri=CALLBACK, code_verifier=verifier)
    # Each refresh brings a new refresh token, so the JWT is fetched here and the newest one handed out.
    second = grant(url, grant_type="refresh_token", refresh_token=first["refresh_token"], resource=f"{url}/whoami")
    return {
        "access_token": first["access_token"],
        "id_token": first["id_token"],
        "jwt": second["access_token"],
        "refresh_token": second["refresh_token"],
    }


def authorised(url, name, password, verifier):
    """Walks from the authorization request to the redirect that carries the code."""
    browser = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), StayHere, urllib.request.ProxyHandler({})
    )
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    state = secrets.token_urlsafe(16)
    query = urllib.parse.urlencode({
        "response_type": "code", "client_id": CLIENT, "redirect_uri": CALLBACK, "state": state,
        "scope": "openid email profile offline_access read", "resource": f"{url}/whoami", "prompt": "consent",
        "code_challenge": challenge, "code_challenge_method": "S256",
    })
    forms = [{"login": name, "password": password}, {}]
    place = f"{url}/auth?{query}"
    for _ in range(10):
        if place.startswith(CALLBACK):
            answer = urllib.parse.parse_qs(urllib.parse.urlsplit(place).query)
            if answer.get("state") != [state] or "code" not in answer:
                sys.exit(f"no code for {name}: {answer}")
            return answer["code"][0]
        body = None
        if "/interaction/" in place:
            body = urllib.parse.urlencode(forms.pop(0)).encode()
        status, headers, text = ask(browser, place, body)
        if "location" not in headers:
            sys.exit(f"{urllib.parse.urlsplit(place).path} answered {status}: {text}")
        place = urllib.parse.urljoin(place, headers["location"])
    sys.exit("the login does not end")


def grant(url, **fields):
    body = urllib.parse.urlencode({"client_id": CLIENT, **fields}).encode()
    opener = urllib.request.build_opener(StayHere, urllib.request.ProxyHandler({}))
    status, _, text = ask(opener, f"{url}/token", body)
    if status != 200:
        sys.exit(f"{fields['grant_type']} answered {status}: {text}")
    return json.loads(text)


def ask(opener, place, body):
    try:
        with opener.open(place, body, timeout=20) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.headers, answer.read().decode()


class StayHere(urllib.request.HTTPRedirectHandler):
    """Hands redirects out instead of following them: the last one leads to a client that is not there."""

    def redirect_request(self, *_):
        return None


if __name__ == "__main__":
    main()
