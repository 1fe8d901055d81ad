"""Drift: how fast, in how much memory, and how often it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from .measure import PYTHON, Figures, Outcome, Script, Setup, SkippedError, alternate, run_child

if TYPE_CHECKING:
    import numpy as np

    from pilothouse.monitoring.columns import Profile
    from pilothouse.monitoring.reports import DriftReport

LEAST_TIMES_EVIDENTLY = 30.0
MOST_MB = 1_000.0
MOST_ALARMS = 0.01
LEAST_POWER = 0.95
Dice: TypeAlias = "np.random.Generator"
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
    """How often nothing is called drift, on batches of every size, and how often drift is found.

    Most of it simulates the counts of the bins, which is exact and quick (`making_profiles`); a part goes
    through files.
    """
    import numpy as np

    dice = np.random.default_rng(7)
    yield from _false_alarms(setup, dice)
    yield from _streams(setup, dice)
    yield from _power(setup, dice)
    yield from _through_files(setup, dice)


def _profiles(kind: str, dice: Dice, n: int, m: int) -> tuple[Profile, Profile]:
    """Six columns of one kind, the reference's n rows and m more of the same law."""
    from pilothouse.monitoring.columns import Profile

    from .. import making_profiles

    draw = making_profiles.KINDS[kind]
    if kind == "heavy-tailed" and m > 10_000:
        draw = making_profiles.continuous  # The counts have the same law, and sorting takes long.
    pairs = [draw(dice, n, m, f"x{at}") for at in range(6)]
    return Profile(n, tuple(pair[0] for pair in pairs)), Profile(m, tuple(pair[1] for pair in pairs))


def _false_alarms(setup: Setup, dice: Dice) -> Iterator[Outcome]:
    from pilothouse.monitoring.drift import compare_profiles

    from .. import making_profiles

    count = setup.repeats(500, 40)
    for kind in making_profiles.KINDS:
        for n in (1_000, 50_000):
            called, any_column = {}, {}
            for m in (30, 50, 100, 300, 1_000, 100_000):
                reports = [compare_profiles(*_profiles(kind, dice, n, m)) for _ in range(count)]
                called[m] = sum(report.dataset_drift for report in reports) / count
                any_column[m] = sum(bool(report.drifted) for report in reports) / count
            worst = max(called.values())
            cells = " ".join(f"{m:,}: {called[m]:.1%}/{any_column[m]:.1%}" for m in called)
            yield Outcome(
                11, f"no drift, {kind}, against {n:,} rows: called drift", f"{MOST_ALARMS:.0%}",
                Figures((100 * worst,), "% at worst"), reached=worst <= MOST_ALARMS,
                note=f"of {count}; rows: dataset/any of 6 columns: {cells}",
            )  # fmt: skip


def _streams(setup: Setup, dice: Dice) -> Iterator[Outcome]:
    """One reference, and a hundred files without drift, one after the other."""
    from pilothouse.monitoring.columns import Profile
    from pilothouse.monitoring.drift import compare_profiles

    from ..making_profiles import number

    count, files = setup.repeats(200, 10), 100
    guarded = unguarded = 0
    for _ in range(count):
        reference = Profile(1_000, (number(dice.standard_normal(1_000)),))
        found = [
            compare_profiles(
                reference,
                Profile(100, (number(dice.standard_normal(100), reference.columns[0]),)),
                question=at,
            )
            for at in range(1, files + 1)
        ]
        guarded += any(report.drifted for report in found)
        unguarded += any((report.columns[0].p_value or 1) <= 0.01 for report in found)
    yield Outcome(
        11, f"no drift, {files} files of 100 rows on one stream: any alarm", f"{MOST_ALARMS:.0%}",
        Figures((100 * guarded / count,), "%"), reached=guarded / count <= MOST_ALARMS,
        note=f"of {count} streams of one column; without the guard {unguarded / count:.0%}",
    )  # fmt: skip


def _power(setup: Setup, dice: Dice) -> Iterator[Outcome]:
    from pilothouse.monitoring.columns import Profile
    from pilothouse.monitoring.drift import compare_profiles

    from ..making_profiles import number

    count = setup.repeats(500, 40)
    # What the guard against asking often costs at the hundredth file is told only: no line is drawn for it.
    asked: tuple[tuple[int, int | None, float | None], ...] = (
        (1_000, None, LEAST_POWER),
        (50_000, None, LEAST_POWER),
        (1_000, 100, None),
        (50_000, 100, None),
    )
    for n, question, least in asked:
        found = wrongly = 0
        for _ in range(count):
            steady = _profiles("numeric", dice, n, 300)
            before = number(dice.standard_normal(n), None, "moved")
            after = number(dice.normal(0.5, 1, 300), before, "moved")
            reference = Profile(n, (before, *steady[0].columns[:5]))
            current = Profile(300, (after, *steady[1].columns[:5]))
            report = compare_profiles(reference, current, question=question)
            found += report.columns[0].drifted
            wrongly += len(report.drifted) - report.columns[0].drifted
        place = f", file {question} of a stream" if question else ""
        yield Outcome(
            11, f"0.5 sigma in 1 of 6 columns, 300 rows against {n:,}{place}: found",
            f"{least:.0%}" if least else "", Figures((100 * found / count,), "%"),
            reached=found / count >= least if least else None,
            note=f"of {count}; of the other columns {wrongly / count / 5:.2%} called",
        )  # fmt: skip


def _through_files(setup: Setup, dice: Dice) -> Iterator[Outcome]:
    """A part of the same from Parquet files to the verdict."""
    folder = setup.new_folder("calibration")
    repeats = setup.repeats(100, 20)
    references = [_sample(folder, dice, 5_000, None) for _ in range(setup.repeats(10, 2))]
    for rows in (50, 300, 100_000):
        count = repeats if rows < 100_000 else repeats // 4
        reports = [
            _compared(references[at % len(references)], folder, dice, rows, 0.0) for at in range(count)
        ]
        alarms = sum(report.dataset_drift for report in reports) / count
        columns = sum(bool(report.drifted) for report in reports) / count
        yield Outcome(
            11, f"from files: no drift, {rows:,} rows: called drift", f"{MOST_ALARMS:.0%}",
            Figures((100 * alarms,), "%"), reached=alarms <= MOST_ALARMS,
            note=f"of {count}; any column {columns:.1%}",
        )  # fmt: skip
    found = [_compared(references[at % len(references)], folder, dice, 300, 0.5) for at in range(repeats)]
    power = sum(report.columns[0].drifted for report in found) / repeats
    yield Outcome(
        11, "from files: a shift of 0.5 sigma, 300 rows: found", f"{LEAST_POWER:.0%}",
        Figures((100 * power,), "%"), reached=power >= LEAST_POWER, note=f"of {repeats}",
    )  # fmt: skip
    large = setup.repeats(1_000_000, 100_000)
    report = _compared(_sample(folder, dice, large, None), folder, dice, large, 0.01)
    yield Outcome(
        11, f"from files: a shift of 0.01 sigma, {large:,} rows: drifted", "none",
        Figures((float(len(report.drifted)),), "columns"), reached=not report.drifted,
        note=f"psi {report.columns[0].score:.2g}, p {report.columns[0].p_value:.2g}",
    )  # fmt: skip


def _sample(folder: Path, dice: object, rows: int, reference: Profile | None, shift: float = 0.0) -> Profile:
    """Profile five normal columns and one of ten levels; the first is shifted by so many sigmas."""
    import duckdb
    import numpy as np
    import pandas as pd

    from pilothouse.data.inferring import infer_schema
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
