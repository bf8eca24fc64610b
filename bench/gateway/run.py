#!/usr/bin/env python3
"""Measures a gateway beside nginx as a plain proxy, nginx with Lua doing a gateway's job, and its bare engine.

Every server listens on loopback and runs for the time of the measurement only. The measured one has one
core to itself; the load and the vendor share another. Before anything is timed, each peer must prove
that it does the job. Rounds alternate between the peers, and the medians are reported.

The subject is any command that prints one line of JSON when it is ready, nothing more on standard output
after it, and runs until it is ended by SIGTERM:
  {"url": "http://127.0.0.1:…/v1/items/42", "good_token": "…", "bad_token": "…",
   "good_tokens": ["…"], "limited_token": "…"}
`url` is the address of one allowed read whose DELETE is out of scope. Optional are `good_tokens`, more
tokens for the load to use in turn, and `limited_token`, one that may call once a minute. It finds in its
environment BENCH_UPSTREAM (the vendor's base URL), BENCH_CREDENTIAL (the whole value of the vendor's
`Authorization`) and BENCH_TOKENS (how many tokens to hold).
"""

import argparse
import json
import os
import pathlib
import signal
import sys
import tempfile
import time

import peers
import report
from load import measure

HERE = pathlib.Path(__file__).resolve().parent


def main():
    options = read_options()
    # Ended from outside, the servers must still be ended from inside.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    deadline = time.monotonic() + options.at_most
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as folder:
        bench = peers.Bench(pathlib.Path(folder), HERE, options)
        try:
            bench.start()
            bench.prove()
            rounds = play(bench, options, deadline)
        except peers.Failed as failure:
            print(f"bench-gateway: {failure}", file=sys.stderr)
            return 1
        finally:
            bench.stop()
    figures = report.summarise(rounds, options)
    print(json.dumps(figures, indent=2) if options.json else report.table(figures))
    return 0


def play(bench, options, deadline):
    """One warm-up each, then the rounds: A B C A B C …"""
    for peer in bench.peers:
        measure(peer, bench, options, seconds=1)
    rounds = []
    for number in range(options.rounds):
        for peer in bench.peers:
            if time.monotonic() + options.seconds > deadline:
                raise peers.Failed(f"not done after {options.at_most} s, in round {number + 1}")
            rounds.append(measure(peer, bench, options, seconds=options.seconds))
    return rounds


def read_options():
    cores = sorted(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subject", metavar="CMD", help="our gateway; without it only nginx is measured")
    parser.add_argument("--engine", metavar="CMD", help="the engine below it, that asks nothing; in the same environment")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=5, help="of one measurement")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=10_000)
    parser.add_argument("--server-core", type=int, default=cores[0])
    parser.add_argument("--load-core", type=int, default=cores[-1])
    parser.add_argument("--at-most", type=int, default=170, metavar="SECONDS", help="for all of it")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
