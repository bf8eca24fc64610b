#!/usr/bin/env python3
"""Recomputes the root of a ledger from its entries and checks a node's attestation of it.

    portcullis --json ledger show --count 1000 >ledger.json
    curl -s http://127.0.0.1:7400/checkpoint >checkpoint
    examples/verify.py ledger.json checkpoint GENESIS

It knows nothing of the rules: `portcullis ledger verify` does. It shows that the bytes are the ones that
were attested, with nothing but SHA-256, RFC 6962 and openssl. Ledgers of up to 1,000 entries.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tempfile


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def canonical(document):
    """RFC 8785 for documents whose keys are ASCII and whose numbers are integers, as ours are."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def root(leaves):
    """The Merkle tree hash (RFC 6962, section 2.1)."""
    if len(leaves) == 1:
        return sha256(b"\0", leaves[0])
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\1", root(leaves[:half]), root(leaves[half:]))


def is_signed(public, message, signature):
    """Ed25519 by openssl; the prefix makes a SubjectPublicKeyInfo of 32 bytes (RFC 8410)."""
    key = bytes.fromhex("302a300506032b6570032100") + public
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (("key", key), ("message", message), ("signature", signature)):
            with open(f"{folder}/{name}", "wb") as file:
                file.write(content)
        command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER"]
        files = ["-inkey", "key", "-in", "message", "-sigfile", "signature"]
        done = subprocess.run(command + files, cwd=folder, capture_output=True, check=False)
    return done.returncode == 0


def nodes(entries):
    """The keys of the nodes that the ledger enrols, by name."""
    found = list(entries[0]["body"]["genesis"]["nodes"])
    for entry in entries:
        act = entry["body"].get("authority", {}).get("act", {})
        found += [act["node-enrolled"]] if "node-enrolled" in act else []
    return {node["node"]: base64.b64decode(node["key"]) for node in found}


def main():
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        entries = [item["entry"] for item in json.load(file)["entries"]]
    with open(sys.argv[2], encoding="utf-8") as file:
        text, signatures = file.read().split("\n\n", 1)
    origin, size, attested = text.split("\n")[:3]
    leaves = [canonical(entry) for entry in entries][: int(size)]
    _, name, signature = signatures.splitlines()[0].split(" ")
    checks = {
        f"the genesis is {sys.argv[3]}": sha256(leaves[0]).hex() == sys.argv[3],
        f"{size} entries of {origin} are here": len(leaves) == int(size),
        f"their root is {attested}": base64.b64encode(root(leaves)).decode() == attested,
        # The first four bytes only tell keys apart (C2SP signed-note).
        f"{name} signed that": is_signed(
            nodes(entries)[name], text.encode() + b"\n", base64.b64decode(signature)[4:]
        ),
    }
    for check, holds in checks.items():
        print("ok    " if holds else "WRONG ", check)
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
