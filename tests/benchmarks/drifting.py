"""Drift: how fast, in how much memory, and how often it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .measure import PYTHON, Figures, Outcome, Script, Setup, SkippedError, alternate, run_child

if TYPE_CHECKING:
    from pilothouse.monitoring.columns import Profile
    from pilothouse.monitoring.drift import DriftReport

LEAST_TIMES_EVIDENTLY = 30.0
MOST_MB = 1_000.0
MOST_ALARMS = 0.01
LEAST_POWER = 0.95
COLUMNS = 10
"""Numeric columns, and as many categories."""

_WRITE = """
import sys, duckdb
path, rows, seed, moved = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
normal = "sqrt(-2 * ln(1 - random())) * cos(6.283185307179586 * random())"
scale, shift, skew = ([1.2] if moved else []), ([0.5] * 3 if moved else []), ([1.5] * 4 if moved else [])
scale, shift, skew = (part + [rest] * (10 - len(part)) for part, rest in ((scale, 1), (shift, 0), (skew, 1)))
columns = [f"{normal} * {scale[at]} + {shift[at]} AS x{at}" for at in range(10)]
for at in range(10):
    columns.append(f"'level-' || CAST(floor(random() ** {skew[at]} * {3 + 5 * at}) AS INTEGER) AS c{at}")
con = duckdb.connect(config={"threads": 2, "memory_limit": "4GB"})
con.execute(f"SELECT setseed({seed})").fetchall()
made = f"SELECT {', '.join(columns)} FROM range({rows})"
con.execute(f"COPY ({made}) TO '{path}' (FORMAT parquet)").fetchall()
"""


def _write(path: Path, rows: int, seed: float, *, moved: bool) -> None:
    run_child([PYTHON, "-c", _WRITE, path, rows, seed, int(moved)])


def speed(setup: Setup) -> Iterator[Outcome]:
    """From Parquet files to the verdict, imports not counted, and the same as a command from its start."""
    rows = 1_000_000 if setup.slow else setup.repeats(200_000, 20_000)
    folder = setup.new_folder("drift")
    reference, current = folder / "reference.parquet", folder / "current.parquet"
    _write(reference, rows, 0.1, moved=False)
    _write(current, rows, 0.2, moved=True)
    work, must = f"drift, {rows:,} x {2 * COLUMNS} from Parquet", f"{LEAST_TIMES_EVIDENTLY:.0f} x Evidently"
    with Script(PYTHON, "own_drift.py", reference, current) as ours:
        try:
            with Script(setup.peer_python("evidently"), "evidently_drift.py", reference, current) as peer:
                mine, other = alternate(
                    1 if setup.slow else setup.repeats(3, 1),
                    lambda: ours.seconds("go"),
                    lambda: peer.seconds("go"),
                    warm=0,
                )
                peak = peer.ask("memory")["mb"]
            note = ""
        except SkippedError as why:
            other, note = [], str(why)
        mine = alternate(setup.repeats(5, 2), lambda: ours.seconds("go"))[0]
        told = ours.ask("memory")
    own, theirs = Figures(tuple(mine), "s"), Figures(tuple(other), "s") if other else None
    ratio = theirs.median / own.median if theirs else None
    if theirs:
        note = f"memory {told['mb']:.0f} MB, Evidently's {peak:.0f}"
    yield Outcome(
        7, work, must, own, "Evidently" if theirs else "", theirs, ratio,
        ratio >= LEAST_TIMES_EVIDENTLY if ratio else None, note, {"drifted": told["drifted"]},
    )  # fmt: skip
    command = [PYTHON, "-m", "pilothouse", "drift", current, "--reference", reference, "--json"]
    whole = alternate(setup.repeats(3, 1), lambda: run_child(command)[0])[0]
    yield Outcome(7, "  the same as a command, with its start", "", Figures(tuple(whole), "s"))
    if not setup.slow:
        yield Outcome(
            7, "drift, 10,000,000 x 20: memory", f"{MOST_MB:,.0f} MB", note="skipped: only with --slow"
        )
        return
    for path, seed, moved in ((reference, 0.1, False), (current, 0.2, True)):
        _write(path, 10_000_000, seed, moved=moved)
    with Script(PYTHON, "own_drift.py", reference, current) as ours:
        took = ours.seconds("go")
        peak = ours.ask("memory")["mb"]
    yield Outcome(
        7, "drift, 10,000,000 x 20: memory", f"{MOST_MB:,.0f} MB", Figures((peak,), "MB"),
        reached=peak < MOST_MB, note=f"in {took:.0f} s",
    )  # fmt: skip


def calibration(setup: Setup) -> Iterator[Outcome]:
    """How often nothing is called drift, on batches of every size, and how often drift is found."""
    import numpy as np

    folder = setup.new_folder("calibration")
    dice = np.random.default_rng(7)
    repeats = setup.repeats(200, 20)
    references = [_sample(folder, dice, 5_000, None) for _ in range(setup.repeats(10, 2))]
    for rows in (50, 100, 300, 1_000, 5_000, 100_000):
        count = repeats if rows < 100_000 else repeats // 4
        reports = [
            _compared(references[at % len(references)], folder, dice, rows, 0.0) for at in range(count)
        ]
        alarms = sum(report.dataset_drift for report in reports) / count
        columns = sum(len(report.drifted) for report in reports) / sum(
            len(report.columns) for report in reports
        )
        yield Outcome(
            11, f"no drift, {rows:,} rows: called drift", f"{MOST_ALARMS:.0%}", Figures((100 * alarms,), "%"),
            reached=alarms <= MOST_ALARMS, note=f"of {count}; of columns {columns:.1%}",
        )  # fmt: skip
    found = [_compared(references[at % len(references)], folder, dice, 300, 0.5) for at in range(repeats)]
    power = sum(report.columns[0].drifted for report in found) / repeats
    yield Outcome(
        11, "a shift of 0.5 sigma, 300 rows: found", f"{LEAST_POWER:.0%}", Figures((100 * power,), "%"),
        reached=power >= LEAST_POWER, note=f"of {repeats}",
    )  # fmt: skip
    large = setup.repeats(1_000_000, 100_000)
    report = _compared(_sample(folder, dice, large, None), folder, dice, large, 0.01)
    yield Outcome(
        11, f"a shift of 0.01 sigma, {large:,} rows: drifted", "none",
        Figures((float(len(report.drifted)),), "columns"),
        reached=not report.drifted, note=f"psi {report.columns[0].score:.2g}",
    )  # fmt: skip


def _sample(folder: Path, dice: object, rows: int, reference: Profile | None, shift: float = 0.0) -> Profile:
    """Profile five normal columns and one of ten levels; the first is shifted by so many sigmas."""
    import duckdb
    import numpy as np
    import pandas as pd

    from pilothouse.data.schema import infer_schema
    from pilothouse.monitoring.profile import profile_files

    assert isinstance(dice, np.random.Generator)
    path = folder / "sample.parquet"
    values: dict[str, object] = {
        f"x{at}": dice.standard_normal(rows) + (shift if at == 0 else 0) for at in range(5)
    }
    values["c"] = np.array([f"level-{at}" for at in range(10)])[dice.integers(0, 10, rows)]
    with duckdb.connect() as con:
        con.register("given", pd.DataFrame(values))
        con.execute(f"COPY (SELECT * FROM given) TO '{path}' (FORMAT parquet)").fetchall()
    # The schema is the reference's, as it is for a file that lands.
    global _schema
    if reference is None:
        _schema = infer_schema([path])
    return profile_files([path], _schema, edges_from=reference)


_schema: object = None


def _compared(reference: Profile, folder: Path, dice: object, rows: int, shift: float) -> DriftReport:
    from pilothouse.monitoring.drift import compare_profiles

    return compare_profiles(reference, _sample(folder, dice, rows, reference, shift))
