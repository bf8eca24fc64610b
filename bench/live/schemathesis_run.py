#!/usr/bin/env python3
"""Runs Schemathesis over a description and a running API, and sums it up in one line of JSON.

All its checks and phases run, as its manual has it. A finding is an operation that failed a check, however
often; an error is what Schemathesis could not do. Requests are the calls in its report; it sends a few more
that it does not report, such as its first probes. A run that is ended for its time is not `complete`, and
holds what was reported until then.
"""

import argparse
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

SCHEMATHESIS = pathlib.Path(sys.executable).parent / "schemathesis"
# Seconds between asking Schemathesis to stop and ending it: it waits for its last answer.
GRACE = 15


def main():
    options = read_options()
    with tempfile.TemporaryDirectory(prefix="schemathesis-") as folder:
        folder = pathlib.Path(folder)
        began = time.monotonic()
        status = run(command(options, folder), folder, options.limit)
        seconds = time.monotonic() - began
        # 0: nothing found, 1: something found. Anything else is no measurement.
        if status not in (0, 1, None):
            sys.exit((folder / "out.txt").read_text())
        result = read(folder / "events.ndjson")
    result |= {"seconds": round(seconds, 1), "complete": status is not None}
    print(json.dumps(result))


def read_options():
    parser = argparse.ArgumentParser(prog="schemathesis.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=20, help="cases an operation, at most (20)")
    parser.add_argument("--limit", type=float, default=600, help="seconds after which the run is ended (600)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--exclude", metavar="REGEX", help="paths to leave out")
    parser.add_argument("--peer", metavar="HEADER", help="as who else: another account's header in place of the first one")
    parser.add_argument("document", help="file or address of the description")
    parser.add_argument("url", help="what its paths are appended to")
    parser.add_argument("header", nargs="*", help="sent with every request: `Authorization: Bearer x`")
    options = parser.parse_args()
    if options.peer and not options.header:
        parser.error("--peer needs the first account's header")
    return options


def command(options, folder):
    document = options.document
    if not document.startswith(("http://", "https://")):
        document = str(pathlib.Path(document).resolve())
    headers = options.header
    if options.peer:
        # Only accounts that are named so are compared with each other.
        two_accounts(folder, headers[0], options.peer)
        headers = headers[1:]
    return [
        str(SCHEMATHESIS), "run", document, "--url", options.url,
        *(f"--header={header}" for header in headers),
        *([f"--exclude-path-regex={options.exclude}"] if options.exclude else []),
        f"--max-examples={options.examples}", f"--seed={options.seed}", "--workers=1", "--continue-on-failure",
        "--request-timeout=10", "--generation-database=none", "--no-color",
        "--report=ndjson", "--report-ndjson-path=events.ndjson",
    ]


def two_accounts(folder, first, second):
    accounts = []
    for name, header in (("a", first), ("b", second)):
        key, _, value = header.partition(":")
        accounts.append({"name": name, "fixedHeaders": [{"name": key.strip(), "value": value.strip()}]})
    (folder / "accounts.json").write_text(json.dumps({"auth": accounts}))
    (folder / "schemathesis.toml").write_text(
        '[auth.wfc]\npath = "accounts.json"\nuser = "a"\npeers = ["a", "b"]\n'
    )


def run(arguments, folder, limit):
    """Its exit code, or None when it had to be ended. It writes into the folder only."""
    with (folder / "out.txt").open("w") as out:
        process = subprocess.Popen(arguments, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            return process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=GRACE)
        except subprocess.TimeoutExpired:
            pass
        finally:
            process.kill()
            process.wait()
        return None


def read(report):
    findings = set()
    requests = errors = 0
    with report.open(encoding="utf-8") as events:
        for line in events:
            if not line.endswith("\n"):
                break  # Ended in the middle of writing it.
            kind, event = next(iter(json.loads(line).items()))
            errors += kind in ("NonFatalError", "FatalError")
            if kind == "ScenarioFinished":
                recorder = event["recorder"]
                requests += len(recorder.get("interactions", {}))
                findings |= failed(recorder)
    return {
        "findings": [{"operation": operation, "check": check} for operation, check in sorted(findings)],
        "requests": requests,
        "errors": errors,
    }


def failed(recorder):
    """The pairs of operation and check that failed; a stateful run names the operation in the failure."""
    pairs = set()
    for checks in recorder.get("checks", {}).values():
        for check in checks:
            if check["status"] == "failure":
                failure = check["failure_info"]["failure"]
                pairs.add((failure.get("operation") or recorder["label"], check["name"]))
    return pairs


if __name__ == "__main__":
    main()
