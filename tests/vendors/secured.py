#!/usr/bin/env python3
"""Writes a copy of an OpenAPI 3 document that says what it forgot: every call needs a bearer token.

GitHub's description names no security scheme at all, so Prism, which only knows the document, would let
anyone in. `secured.py IN OUT` adds one scheme and requires it everywhere; nothing else changes.
"""

import json
import sys


def main():
    if len(sys.argv) != 3:
        print("usage: secured.py IN OUT", file=sys.stderr)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    components = document.setdefault("components", {})
    components.setdefault("securitySchemes", {})["token"] = {"type": "http", "scheme": "bearer"}
    document["security"] = [{"token": []}]
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, separators=(",", ":"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
