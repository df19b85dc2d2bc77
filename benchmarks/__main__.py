"""`python -m benchmarks`: measure, print tables, keep the figures, and fail where a bar does not hold."""

import argparse
import platform
import signal
import sys
import time
from datetime import UTC, datetime
from typing import Any

from benchmarks import bars, chart, load, machine, postgres, report, rounds
from benchmarks.sections import SECTIONS


def main() -> int:
    """Measure what is asked for; return 1 where a bar does not hold."""
    parser = argparse.ArgumentParser(prog="make bench", description="How fast Safeplate is beside others.")
    parser.add_argument("--quick", action="store_true", help="short runs, for development: keeps no figures")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="one section; may be repeated")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends every server, and its database
    effort = rounds.QUICK if options.quick else rounds.FULL
    if not (found := postgres.describe()):
        print("NO PostgreSQL could be reached or started: nothing can be compared")
        return 1
    told = _machine(found)
    for name, words in told.items():
        print(f"{name}: {words}")
    results = {}
    try:
        for name in options.only or SECTIONS:
            begun = time.monotonic()
            results[name] = SECTIONS[name](effort)
            report.show(name, results[name])
            print(f"  took {time.monotonic() - begun:.0f} s", flush=True)
    finally:
        postgres.stop()
    verdicts = bars.judge(results)
    kept: list[dict[str, Any]] = []
    if not options.quick:
        whole = report.keep(told, results, verdicts)
        chart.draw(whole)
        kept = whole["bars"]
    return 0 if report.show_bars(kept, verdicts) else 1


def _machine(database: str) -> dict[str, str]:
    return {
        "measured": f"{datetime.now(UTC):%Y-%m-%d}",
        "Python": platform.python_version(),
        "cores": machine.describe(),
        "load": load.describe(),
        "PostgreSQL": database,
    }


if __name__ == "__main__":
    sys.exit(main())
