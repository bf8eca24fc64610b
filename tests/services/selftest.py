"""Proves that truth.json is true: `selftest.py [--each] [SERVICE...]`; standard library only.

Starts every service with no flaw and with all of them. A flaw's proof must work on the weak form and fail on the
safe one; a trap's proof must hold on both. `--each` also starts every flaw alone. Exit 1 on any mismatch.
"""
import importlib
import json
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from proofs.kit import Service  # noqa: E402

TRUTH = json.loads((HERE / "truth.json").read_text())
CLASSES = set(TRUTH["classes"])


class Running:
    """A started service; leaving the block ends it by SIGTERM and asks that it went within a second."""

    def __init__(self, about, flaws):
        self.command = [*about["command"], "--port", "0", "--flaws", flaws]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, cwd=HERE.parent.parent, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().strip()
        if not line.startswith("listening on http://127.0.0.1:"):
            raise RuntimeError(f"{' '.join(self.command)}: said {line!r}")
        return Service(line.removeprefix("listening on "))

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(1)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise RuntimeError(f"{' '.join(self.command)}: still there a second after SIGTERM") from None
        rest = self.process.stdout.read()
        if rest:
            raise RuntimeError(f"{' '.join(self.command)}: said more than one line: {rest!r}")


def ask(proof, service):
    """True, False, or the reason why there is no answer."""
    try:
        return bool(proof(service))
    except Exception:
        return traceback.format_exc(limit=-2)


def loose_ends(name, about, proofs):
    """What truth.json, the proofs, the document and the service's own list do not agree on."""
    told = [f["code"] for f in about["flaws"]]
    document = (HERE / about["document"]).read_text()
    yield from (f"{name}: no proof of {c}" for c in told if c not in proofs.flaws)
    yield from (f"{name}: proof of unknown flaw {c}" for c in proofs.flaws if c not in told)
    yield from (f"{name}: no proof of trap {t['code']}" for t in about["traps"] if t["code"] not in proofs.traps)
    yield from (f"{name}: {f['code']} has unknown class {f['class']}" for f in about["flaws"] if f["class"] not in CLASSES
                and f not in about.get("beyond", []))
    for entry in about["flaws"] + about["traps"]:
        for operation in entry["operations"]:
            method, path = operation.split(" ")
            undocumented = entry.get("undocumented") or method == "*"
            if not undocumented and path.removeprefix(about.get("base_path", "")) not in document:
                yield f"{name}: {entry['code']} names {operation}, which the document has not"


def lone_levers(name, about, proofs):
    """A flaw that needs others to be seen must not be seen by those others alone."""
    levers = sorted({lever for f in about["flaws"] for lever in f.get("needs", [])})
    if not levers:
        return
    with Running(about, ",".join(levers)) as service:
        for flaw in about["flaws"]:
            if flaw.get("needs") and (seen := ask(proofs.flaws[flaw["code"]], service)) is not False:
                yield f"{name}: {flaw['code']} is seen by {levers} alone: {seen}"


def judge(name, each):
    about = TRUTH["services"][name]
    about["flaws"] = about["flaws"] + about.get("beyond", [])
    proofs = importlib.import_module(f"proofs.{name}").PROOFS
    lines, wrong = [], list(loose_ends(name, about, proofs))
    found = {}
    for form in ("none", "all"):
        with Running(about, form) as service:
            served = service.get(about["served_document"])
            if served.text.strip() != (HERE / about["document"]).read_text().strip():
                wrong.append(f"{name}: {about['served_document']} is not {about['document']} ({served.status})")
            entries = [(f["code"], proofs.flaws) for f in about["flaws"]] + [(t["code"], proofs.traps) for t in about["traps"]]
            for code, where in entries:
                if code in where:
                    found[form, code] = ask(where[code], service)
    wrong += lone_levers(name, about, proofs)
    for flaw in about["flaws"]:
        code = flaw["code"]
        ok = found.get(("none", code)) is False and found.get(("all", code)) is True
        if ok and each:
            with Running(about, ",".join([code, *flaw.get("needs", [])])) as service:
                alone = ask(proofs.flaws[code], service)
                ok = alone is True
                if not ok:
                    wrong.append(f"{name}: {code} alone: {alone}")
        lines.append((name, code, flaw["class"], ok))
        if not ok:
            wrong.append(f"{name}: {code}: safe {found.get(('none', code))}, weak {found.get(('all', code))}")
    for trap in about["traps"]:
        code = trap["code"]
        ok = found.get(("none", code)) is True and found.get(("all", code)) is True
        lines.append((name, code, "trap", ok))
        if not ok:
            wrong.append(f"{name}: trap {code}: safe {found.get(('none', code))}, weak {found.get(('all', code))}")
    return lines, wrong


def guarded(name, each):
    try:
        return judge(name, each)
    except Exception:
        return [(name, "did not run", "", False)], [f"{name}: {traceback.format_exc(limit=-3)}"]


def main():
    began = time.monotonic()
    each = "--each" in sys.argv
    names = [a for a in sys.argv[1:] if a != "--each"] or list(TRUTH["services"])
    with ThreadPoolExecutor(4) as pool:
        judged = list(pool.map(lambda name: guarded(name, each), names))
    covered = {}
    for lines, _ in judged:
        for name, code, kind, ok in lines:
            print(f"{name:<12} {code:<22} {kind:<24} {'proved' if ok else 'WRONG'}")
            covered.setdefault(kind, set()).add(name)
    wrong = [w for _, more in judged for w in more]
    if len(names) == len(TRUTH["services"]):
        wrong += [f"no service has the class {c}" for c in sorted(CLASSES - set(covered))]
    total = sum(len(lines) for lines, _ in judged)
    print(f"{total} proofs, {len(wrong)} mismatches, {len(CLASSES & set(covered))} of {len(CLASSES)} classes, "
          f"{time.monotonic() - began:.1f} s")
    for complaint in wrong:
        print(f"  {complaint}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
