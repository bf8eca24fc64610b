#!/usr/bin/env python3
"""Measures the document scan beside Spectral with its OWASP rules and Redocly, on real descriptions.

Every tool reads the same file and writes its findings as JSON. Rounds alternate between the tools; the
medians are reported: wall seconds, CPU seconds, the largest resident set, findings, and groups (findings
of the same rule and the same words). A tool that fails or takes longer than --patience says so in its row.
"""

import argparse
import collections
import json
import os
import pathlib
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def main():
    options = read_options()
    failed = False
    results = {}
    with tempfile.TemporaryDirectory(prefix="scan-bench-") as folder:
        for document in options.document:
            tools = commands(options, document)
            rows = collections.defaultdict(list)
            for number in range(options.rounds):
                for name, (command, read) in tools.items():
                    # What took minutes once is not asked to do so again.
                    if number and rows[name][0]["wall"] > options.patience / 10:
                        continue
                    out = pathlib.Path(folder) / f"{name}.json"
                    rows[name].append(measure(command, out, read, options.patience))
                    note(f"{document.name}: {name} {rows[name][-1]['wall']:.2f} s")
            results[str(document.name)] = {name: median(runs) for name, runs in rows.items()}
            failed |= results[str(document.name)]["portcullis"]["fault"] is not None
    print(json.dumps(results, indent=2) if options.json else table(results))
    return 1 if failed else 0


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subject", type=pathlib.Path, required=True, help="the portcullis binary")
    parser.add_argument("--peers", type=pathlib.Path, default=ROOT / ".cache/bench-scan")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--patience", type=float, default=300, help="seconds that one run may take")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("document", type=pathlib.Path, nargs="+")
    return parser.parse_args()


def commands(options, document):
    """Each tool's command, and how its findings are read: pairs of rule and words."""
    node = options.peers / "node_modules"
    spectral = [
        "node", "--max-old-space-size=8192", str(node / "@stoplight/spectral-cli/dist/index.js"),
        "lint", "--quiet", "--format", "json", "--fail-severity", "error",
        "--ruleset", str(options.peers / "owasp.yaml"), str(document),
    ]
    redocly = [
        "node", str(node / "@redocly/cli/bin/cli.js"),
        "lint", "--format", "json", "--max-problems", "1000000", "--extends", "recommended",
        str(document),
    ]
    own = [str(options.subject), "scan", "document", str(document), "--format", "json", "--fail-on", "never"]
    return {
        "portcullis": (own, of_portcullis),
        "redocly": (redocly, of_redocly),
        "spectral": (spectral, of_spectral),
    }


def of_portcullis(text):
    report = json.loads(text)
    places = [(one["id"], one["shape"]) for one in report["findings"] for _ in one["places"]]
    return places, len(report["findings"])


def of_spectral(text):
    # A banner may stand in front of the list.
    found = json.loads(text[text.index("["):])
    pairs = [(one["code"], one["message"]) for one in found]
    return pairs, len(set(pairs))


def of_redocly(text):
    found = json.loads(text[text.index("{"):])["problems"]
    pairs = [(one["ruleId"], one["message"]) for one in found]
    return pairs, len(set(pairs))


def measure(command, out, read, patience):
    """Runs one command to its end; its own children count with it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    quiet = {**os.environ, "NO_COLOR": "1", "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    fault = None
    with open(out, "wb") as file:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.DEVNULL,
            env=quiet, start_new_session=True,
        )
        largest = 0
        status = None
        while status is None:
            pid, code, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                status, largest = os.waitstatus_to_exitcode(code), usage.ru_maxrss
            elif time.monotonic() - start > patience:
                os.killpg(process.pid, signal.SIGKILL)
                _, _, usage = os.wait4(process.pid, 0)
                status, largest, fault = -9, usage.ru_maxrss, f"ended after {patience:.0f} s"
            else:
                time.sleep(0.005)
        process.returncode = status
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    findings = groups = None
    if fault is None:
        try:
            pairs, groups = read(out.read_text(errors="replace"))
            findings = len(pairs)
        except (ValueError, KeyError) as error:
            fault = f"exit {status}, no findings to read ({type(error).__name__})"
    return {
        "wall": wall, "cpu": cpu, "megabytes": largest / 1024,
        "findings": findings, "groups": groups, "fault": fault,
    }


def median(runs):
    faults = [run["fault"] for run in runs if run["fault"]]
    middle = lambda key: statistics.median(run[key] for run in runs)
    return {
        "wall": middle("wall"), "cpu": middle("cpu"), "megabytes": middle("megabytes"),
        "findings": runs[0]["findings"], "groups": runs[0]["groups"],
        "fault": faults[0] if faults else None, "rounds": len(runs),
    }


def table(results):
    lines = []
    for document, rows in results.items():
        own = rows["portcullis"]["cpu"] or 0.001
        lines.append(f"{document}")
        lines.append(f"  {'tool':<12}{'wall s':>9}{'CPU s':>9}{'ratio':>8}{'MB':>8}{'findings':>10}{'groups':>8}  rounds")
        for name, row in rows.items():
            count = lambda value: "-" if value is None else value
            fault = f"  {row['fault']}" if row["fault"] else ""
            lines.append(
                f"  {name:<12}{row['wall']:>9.2f}{row['cpu']:>9.2f}{row['cpu'] / own:>8.1f}{row['megabytes']:>8.0f}"
                f"{count(row['findings']):>10}{count(row['groups']):>8}  {row['rounds']}{fault}"
            )
        lines.append("")
    return "\n".join(lines)


def note(text):
    if sys.stderr.isatty():
        print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
