"""One measurement: wrk on its own core, and what the measured process tree paid for it."""

import json
import os
import pathlib
import subprocess

from peers import Failed

TICKS = os.sysconf("SC_CLK_TCK")


def measure(peer, bench, options, seconds):
    before = cpu_seconds(peer.process.pid)
    command = ["taskset", "-c", str(options.load_core), "wrk", "--latency", "-t1"]
    command += [f"-c{options.connections}", f"-d{seconds}s", "-s", str(bench.here / "load.lua"), peer.url]
    environment = {**os.environ, "WRK_TOKENS": str(peer.tokens_file)}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds + 30
    )
    spent = cpu_seconds(peer.process.pid) - before
    lines = [line for line in done.stdout.splitlines() if line.startswith("result ")]
    if done.returncode != 0 or not lines:
        raise Failed(f"wrk against {peer.name}: {done.stderr or done.stdout}")
    result = json.loads(lines[-1].removeprefix("result "))
    if result["refused"] or result["failed"] or not result["requests"]:
        raise Failed(f"{peer.name} under load: {result}")
    took = result["microseconds"] / 1e6
    return {
        "peer": peer.name,
        "requests_per_second": result["requests"] / took,
        "cpu_microseconds_per_request": spent * 1e6 / result["requests"],
        "core_busy": spent / took,
        "p50_microseconds": result["p50"],
        "p99_microseconds": result["p99"],
    }


def cpu_seconds(root):
    """User and system time of a process and all its living descendants, from /proc/PID/stat."""
    times, children = {}, {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # The name in brackets may hold spaces; what follows the last bracket does not.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(entry.name)
        children.setdefault(int(fields[1]), []).append(pid)
        times[pid] = int(fields[11]) + int(fields[12])
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        total += times.get(pid, 0)
        waiting += children.get(pid, [])
    return total / TICKS
