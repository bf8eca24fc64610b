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
    """A started service; leaving the block ends it by SIGTERM and asks that it went within five seconds."""

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
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise RuntimeError(f"{' '.join(self.command)}: still there five seconds after SIGTERM") from None
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
    yield from (f"{name}: {f['code']} is also of unknown class {c}" for f in about["flaws"] for c in f.get("also", []) if c not in CLASSES)
    for entry in about["flaws"] + about["traps"]:
        for operation in entry["operations"]:
            method, path = operation.split(" ")
            undocumented = entry.get("undocumented") or method == "*"
            if not undocumented and path.removeprefix(about.get("base_path", "")) not in document:
                yield f"{name}: {entry['code']} names {operation}, which the document has not"


def starts(about, each):
    """Which forms are started, and which codes are asked of each."""
    flaws = [f["code"] for f in about["flaws"]]
    yield "none", flaws + [t["code"] for t in about["traps"]]
    yield "all", flaws + [t["code"] for t in about["traps"]]
    leaning = {f["code"]: f["needs"] for f in about["flaws"] if f.get("needs")}
    if leaning:  # what needs others to be seen must not be seen by those others alone
        yield ",".join(sorted({lever for levers in leaning.values() for lever in levers})), list(leaning)
    if each:
        for code in flaws:
            yield ",".join([code, *leaning.get(code, [])]), [code]


def run(name, form, codes):
    """What each code's proof says of this form; under `document`, whether the served one is the committed one."""
    about, proofs = TRUTH["services"][name], proofs_of(name)
    try:
        with Running(about, form) as service:
            said = {code: ask((proofs.flaws | proofs.traps)[code], service) for code in codes}
            served = service.get(about["served_document"]).text.strip()
            said["document"] = served == (HERE / about["document"]).read_text().strip()
            return said
    except Exception:
        return {code: traceback.format_exc(limit=-3) for code in codes}


def proofs_of(name):
    return importlib.import_module(f"proofs.{name}").PROOFS


def judge(name, results):
    """One line per code, and every complaint."""
    about = TRUTH["services"][name]
    wrong = list(loose_ends(name, about, proofs_of(name)))
    flaws = {f["code"]: f["class"] for f in about["flaws"]}
    expected = {}
    for form, said in results:
        for code, answer in said.items():
            want = form == "all" or code in form.split(",") if code in flaws else True
            expected.setdefault(code, True)
            if answer is not want:
                expected[code] = False
                wrong.append(f"{name}: {code} with --flaws {form}: {answer}, not {want}")
    lines = [(name, code, flaws.get(code, "trap" if code != "document" else code), ok) for code, ok in expected.items()]
    return lines, wrong


def main():
    began = time.monotonic()
    each = "--each" in sys.argv
    names = [a for a in sys.argv[1:] if a != "--each"] or list(TRUTH["services"])
    for name in names:
        TRUTH["services"][name]["flaws"] += TRUTH["services"][name].get("beyond", [])
    tasks = [(name, *start) for name in names for start in starts(TRUTH["services"][name], each)]
    with ThreadPoolExecutor(2) as pool:
        results = list(zip(tasks, pool.map(lambda task: run(*task), tasks)))
    judged = [judge(name, [(form, said) for (n, form, _), said in results if n == name]) for name in names]
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
