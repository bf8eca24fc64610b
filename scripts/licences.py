#!/usr/bin/env python3
"""Refuses a dependency whose licence we may not use, or that comes from anywhere but the registry.

Reads `cargo metadata` for this platform: every crate that is built, tested with or built by. Exit code
1 and one line per refusal; the crates of the workspace must carry the project's own licence.
"""

import json
import re
import subprocess
import sys

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
}
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"
OWN = "Apache-2.0"


def main():
    metadata = read_metadata()
    own = set(metadata["workspace_members"])
    refusals = []
    for package in metadata["packages"]:
        refusals += judge_own(package) if package["id"] in own else judge_foreign(package)
    for refusal in sorted(refusals):
        print(f"licences: {refusal}", file=sys.stderr)
    if refusals:
        return 1
    print(f"licences: {len(metadata['packages']) - len(own)} dependencies, all allowed")
    return 0


def read_metadata():
    version = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    host = re.search(r"^host: (.+)$", version, re.MULTILINE).group(1)
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", host]
    metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    # `packages` lists all platforms; only what resolves for this one is built.
    built = {node["id"] for node in metadata["resolve"]["nodes"]}
    metadata["packages"] = [package for package in metadata["packages"] if package["id"] in built]
    return metadata


def judge_own(package):
    if package["license"] == OWN:
        return []
    return [f"{package['name']}: a crate of this workspace must say `license = \"{OWN}\"`"]


def judge_foreign(package):
    name = f"{package['name']} {package['version']}"
    refusals = []
    if package["source"] != REGISTRY:
        refusals.append(f"{name}: comes from {package['source'] or 'a path'}, not from the registry")
    expression = package["license"]
    if not expression:
        refusals.append(f"{name}: states no licence expression")
    else:
        try:
            if not allowed(expression):
                refusals.append(f"{name}: `{expression}` is not allowed")
        except ValueError as error:
            refusals.append(f"{name}: `{expression}` cannot be read: {error}")
    return refusals


def allowed(expression):
    """Whether an SPDX expression can be satisfied from ALLOWED; the old `MIT/Apache-2.0` means OR."""
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))
    verdict, rest = any_of(tokens)
    if rest:
        raise ValueError(f"`{rest[0]}` was not expected")
    return verdict


def any_of(tokens):
    verdict, tokens = all_of(tokens)
    while tokens[:1] == ["OR"]:
        right, tokens = all_of(tokens[1:])
        verdict = verdict or right
    return verdict, tokens


def all_of(tokens):
    verdict, tokens = one(tokens)
    while tokens[:1] == ["AND"]:
        right, tokens = one(tokens[1:])
        verdict = verdict and right
    return verdict, tokens


def one(tokens):
    if not tokens or tokens[0] in ("AND", "OR", "WITH", ")"):
        raise ValueError("a licence was expected")
    if tokens[0] == "(":
        verdict, tokens = any_of(tokens[1:])
        if tokens[:1] != [")"]:
            raise ValueError("`)` is missing")
        return verdict, tokens[1:]
    if tokens[1:2] == ["WITH"] and len(tokens) > 2:
        return f"{tokens[0]} WITH {tokens[2]}" in ALLOWED, tokens[3:]
    # `MPL-2.0+` is that version or a later one, at our choice.
    return tokens[0].removesuffix("+") in ALLOWED, tokens[1:]


if __name__ == "__main__":
    sys.exit(main())
