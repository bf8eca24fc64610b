"""Medians, ratios, and the table that shows them."""

import os
import statistics

MEASURED = (
    "requests_per_second",
    "cpu_microseconds_per_request",
    "core_busy",
    "p50_microseconds",
    "p99_microseconds",
)
BASE = "nginx+lua"
SUBJECT = "subject"


def summarise(rounds, options):
    """Medians per peer, the rounds they came from, and ratios to nginx+lua (above 1 is better)."""
    figures = {}
    for name in dict.fromkeys(one["peer"] for one in rounds):
        mine = [one for one in rounds if one["peer"] == name]
        figures[name] = {what: statistics.median(one[what] for one in mine) for what in MEASURED}
        figures[name]["rounds"] = [{what: one[what] for what in MEASURED} for one in mine]
    base = figures[BASE]
    for one in figures.values():
        one["speed_ratio"] = one["requests_per_second"] / base["requests_per_second"]
        one["cpu_ratio"] = base["cpu_microseconds_per_request"] / one["cpu_microseconds_per_request"]
    return {
        "rounds": options.rounds,
        "seconds": options.seconds,
        "connections": options.connections,
        "tokens": options.tokens,
        "base": BASE,
        "load_average": os.getloadavg()[0],
        "goal": None if SUBJECT not in figures else figures[SUBJECT]["cpu_ratio"] >= 1,
        "peers": figures,
    }


def table(figures):
    lines = [
        f"gateway: {figures['tokens']} tokens, one core, {figures['connections']} connections, "
        f"medians of {figures['rounds']} rounds of {figures['seconds']} s; "
        f"ratios to {figures['base']}, above 1 is better",
        "",
        f"{'peer':<12} {'requests/s':>11} {'ratio':>6} {'CPU µs/request':>15} {'ratio':>6} "
        f"{'core busy':>10} {'p50 µs':>8} {'p99 µs':>8}",
    ]
    for name, one in figures["peers"].items():
        lines.append(
            f"{name:<12} {one['requests_per_second']:>11.0f} {one['speed_ratio']:>6.2f} "
            f"{one['cpu_microseconds_per_request']:>15.1f} {one['cpu_ratio']:>6.2f} "
            f"{one['core_busy']:>10.0%} {one['p50_microseconds']:>8.0f} {one['p99_microseconds']:>8.0f}"
        )
    lines += [
        "",
        f"The machine's load average was {figures['load_average']:.1f}. Where a core is far from 100 % busy,",
        "something else had it or the load could not fill it: compare CPU per request, not speed.",
    ]
    if figures["goal"] is not None:
        ratio = figures["peers"][SUBJECT]["cpu_ratio"]
        verdict = "met" if figures["goal"] else "missed"
        lines.append(f"Goal: no more CPU per request than {figures['base']}: {verdict} ({ratio:.2f}).")
    return "\n".join(lines)
