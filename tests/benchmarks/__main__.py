"""`python -m tests.benchmarks [ROW ...] [--quick] [--slow] [--json FILE]`: how fast it is, beside its peers.

The peers have environments of their own, in the folder that PILOTHOUSE_PEERS names (`mlflow/bin/python`,
`evidently/bin/python`); what is not there is skipped, and said so.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from . import arriving, drifting, report, screens, searching, serving, tracking
from .measure import PEERS_VARIABLE, Outcome, Setup, SkippedError

ROWS: dict[int, tuple[str, Callable[[Setup], Iterator[Outcome]]]] = {
    1: ("import pilothouse", tracking.importing),
    2: ("first paint with 100,000 runs", screens.first_paint),
    3: ("key to paint with 100,000 runs", screens.key_to_paint),
    4: ("search over 100,000 runs", searching.searching),
    5: ("a run of 20 metrics x 50 steps", tracking.point_by_point),
    6: ("a file lands: verdict stored", arriving.landing),
    7: ("drift", drifting.speed),
    8: ("one-row predictions over HTTP", serving.throughput),
    9: ("ready to answer after start", serving.starting),
    10: ("rollback under load", serving.rolling_back),
    11: ("false alarms and power of drift", drifting.calibration),
}


def main() -> int:
    """Measure the rows that were asked for; 1 if one missed its target."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, choices=[[], *ROWS], metavar="ROW",
                        help="; ".join(f"{number} {name}" for number, (name, _) in ROWS.items()))  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="few repeats: to see that all works")
    parser.add_argument("--slow", action="store_true", help="the largest data too: some ten minutes more")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single value")
    asked = parser.parse_args()
    # What is measured in this process is measured without it, too.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    peers = Path(os.environ[PEERS_VARIABLE]).absolute() if os.environ.get(PEERS_VARIABLE) else None
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="pilothouse-bench-", ignore_cleanup_errors=True) as folder:
        setup = Setup(Path(folder), peers, asked.quick, asked.slow)
        for number in asked.rows or ROWS:
            outcomes += measure(number, setup)
            if asked.json:
                report.write(asked.json, outcomes)
    print(report.table(outcomes))
    print("  ".join(f"{key} {value}" for key, value in report.machine().items()))
    return int(any(outcome.reached is False for outcome in outcomes))


def measure(number: int, setup: Setup) -> list[Outcome]:
    """Measure one row; what goes wrong is a line of its own and stops no other row."""
    name, row = ROWS[number]
    print(f"{number:>2}  {name} …", end="", file=sys.stderr, flush=True)
    began = time.monotonic()
    found: list[Outcome] = []
    try:
        for outcome in row(setup):
            found.append(outcome)
    except SkippedError as why:
        found.append(Outcome(number, name, "", note=f"skipped: {why}"))
    except Exception as error:
        found.append(Outcome(number, name, "", note=f"failed: {type(error).__name__}: {str(error)[:200]}"))
        if os.environ.get("PILOTHOUSE_BENCH_DEBUG"):
            raise
    print(f" {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
