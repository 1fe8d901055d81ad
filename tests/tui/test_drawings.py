"""The screens as they are drawn, held against drawings that a person has looked at.

`PILOTHOUSE_REDRAW=1 pytest tests/tui/test_drawings.py` draws them anew; look at the difference before it
is kept.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from piloting import HOSTILE, column, press, ready, settle, shown, visit

from pilothouse.monitoring.reports import DriftReport
from pilothouse.store import dumps, open_store
from pilothouse.training.sweeps.plan import TRIAL_TAG, SweepPlan, write_plan
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.compare import CompareScreen
from pilothouse.tui.screens.sweep import SweepScreen
from pilothouse.workspace import Workspace

DRAWINGS = Path(__file__).parent / "drawings"
NOW = datetime(2026, 11, 21, 14, 2, tzinfo=UTC)
SIZES = [(80, 24), (120, 36)]


@pytest.fixture
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    if hasattr(time, "tzset"):
        time.tzset()
    yield
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()


def ago(**how: float) -> datetime:
    return NOW - timedelta(**how)


@pytest.fixture
def fixed(empty: Workspace, in_utc: None) -> Workspace:
    """The same rows at the same times, always."""
    store = open_store(empty)
    names = ["lucky-otter", "steady-heron", HOSTILE[0], "odd-wren", "slow-ibis", "brisk-finch"]
    states = ["FINISHED", "FINISHED", "FINISHED", "FAILED", "LOST", "KILLED"]
    with store.transaction() as tx:
        for n, (name, state) in enumerate(zip(names, states, strict=True)):
            run_id = f"{n}run{n}run{n}run"
            began = ago(minutes=10 + 600 * n)
            tx.insert(
                "runs",
                [
                    {
                        "run_id": run_id,
                        "name": name,
                        "model": "late",
                        "kind": "recipe",
                        "recipe": "logistic",
                        "command": "",
                        "status": state,
                        "started_at": began,
                        "ended_at": began + timedelta(seconds=41 + n),
                        "exit_code": 0,
                        "progress": 1.0,
                        "progress_text": "",
                        "dataset_version": "7f3a99aa0011",
                        "reason": "" if state == "FINISHED" else "ValueError: one class",
                        "journal_offset": 0,
                    }
                ],
            )
            tx.insert("params", [{"run_id": run_id, "key": "C", "value": str(n + 1), "number": float(n + 1)}])
            tx.insert(
                "metrics",
                [
                    {
                        "run_id": run_id,
                        "key": key,
                        "last": last,
                        "min": 0.5,
                        "max": last,
                        "last_step": 9,
                        "count": 10,
                    }
                    for key, last in (("roc_auc", 0.7 + n / 100), ("log_loss", 0.6 - n / 100))
                ],
            )
            tx.insert(
                "metric_points",
                [
                    {
                        "run_id": run_id,
                        "key": "roc_auc",
                        "step": s,
                        "value": 0.7 - 0.2 / (s + 1),
                        "recorded_at": began,
                    }
                    for s in range(10)
                ],
            )
        for n in (1, 2, 3):
            tx.insert(
                "model_versions",
                [
                    {
                        "model": "late",
                        "version": n,
                        "run_id": f"{n}run{n}run{n}run",
                        "dataset_version": "7f3a99aa0011",
                        "recipe": "logistic",
                        "created_at": ago(hours=30 - n),
                        "manifest_sha256": "ab" * 32,
                        "metrics": dumps(
                            {"roc_auc": 0.70 + n / 100, "log_loss": 0.6 - n / 100, "threshold": 0.3}
                        ),
                    }
                ],
            )
            tx.insert("tags", [{"run_id": f"{n}run{n}run{n}run", "key": "gates", "value": "passed"}])
        moves = [("promote", None, 1, 29), ("promote", 1, 2, 20), ("rollback", 2, 1, 3), ("promote", 1, 2, 2)]
        for n, (kind, before, after, hours) in enumerate(moves, 1):
            tx.insert(
                "deployments",
                [
                    {
                        "deployment_id": n,
                        "model": "late",
                        "recorded_at": ago(hours=hours),
                        "kind": kind,
                        "from_version": before,
                        "to_version": after,
                        "actor": "ana",
                        "reason": "p99 doubled",
                        "gates": "[]",
                    }
                ],
            )
        tx.insert("aliases", [{"model": "late", "alias": "champion", "version": 2}])
        for n, name in enumerate(
            ["flights-2013-10.parquet", "flights-2013-11.parquet", "flights-2013-12.parquet"]
        ):
            report = DriftReport(
                n == 2,
                0.5,
                600,
                606,
                (column("temp", 0.3 * n), column("visib", 0.06 * n), column("carrier", 0.01)),
                target=column("late", 0.03, "category"),
            )
            told = {"model": "late", "recorded_at": ago(hours=3 - n), "sha256": f"{n:064d}"}
            (empty.root / "data" / name).touch()
            tx.insert("arrivals", [{**told, "name": name, "rows": 606, "status": "ok", "findings": "[]"}])
            tx.insert(
                "drift_reports",
                [
                    {
                        **told,
                        "report_id": f"r{n}",
                        "subject": name,
                        "reference": "late v2",
                        "n_reference": 600,
                        "dataset_drift": n == 2,
                        "share_drifted": 0.5,
                        "n_current": 606,
                        "report": report.to_json(),
                    }
                ],
            )
            tx.insert(
                "events",
                [
                    {
                        "seq": n + 1,
                        "recorded_at": ago(hours=3 - n),
                        "actor": "ana",
                        "kind": "drift",
                        "subject": name,
                        "message": f"{name} was judged.",
                        "data": dumps({"score": 0.3 * n}),
                        "hash": "x",
                    }
                ],
            )
    return empty


def compared_with_rows(workspace: Workspace) -> str:
    """The newest file lies in the folder, and so do the rows that it was compared with: a dataset version."""
    import making_models
    from pilothouse.data.versions import snapshot
    from pilothouse.monitoring.judging import judge_file

    folder, table = workspace.root / "data", making_models.flights(400)
    for nothing in folder.iterdir():
        nothing.unlink()
    with open_store(workspace).transaction() as tx:
        tx.execute("DELETE FROM aliases")
    making_models.holdout(folder / "flights-2014-01.parquet", table)
    version = snapshot(workspace, open_store(workspace), workspace.config().model()).version
    moved = table.assign(distance=table["distance"] * 2)
    making_models.holdout(folder / "flights-2014-02.parquet", moved)
    path = folder / "flights-2014-02.parquet"
    judge_file(workspace, open_store(workspace), workspace.config().model(), path)
    return version


def hold_one(workspace: Workspace) -> None:
    """The newest file is held back, and its rows can no longer be read."""
    findings = [
        {
            "severity": "error",
            "column": "temp",
            "message": "In flights-2014-01.csv the column 'temp' is text (for example 'n/a?'), where a "
            "number is expected.",
            "rule": "type",
            "count": 4,
            "examples": [[12, "n/a?"], [57, "n/a?"], [900, HOSTILE[0]]],
            "next": "Write the column as numbers, or accept another type with `pilothouse schema`.",
        },
        {
            "severity": "warning",
            "column": "distance",
            "message": "'distance' is missing in 750 of 6,755 rows; it never was before.",
            "rule": "missing",
            "count": 750,
            "examples": [[9, None]],
        },
    ]
    held = {"model": "late", "recorded_at": ago(minutes=5), "sha256": "f" * 64, "rows": 0, "status": "held"}
    (workspace.root / "data" / "flights-2014-01.csv").touch()
    with open_store(workspace).transaction() as tx:
        tx.insert("arrivals", [{**held, "name": "flights-2014-01.csv", "findings": dumps(findings)}])


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x36"])
@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("bridge", "1"),
        ("runs", "2"),
        ("models", "3"),
        ("data", "4"),
        ("drift-map", "4"),
        ("data-column", "4"),
        ("data-held", "4"),
        ("serving", "5"),
        ("events", "6"),
        ("run", "2"),
        ("curves", "2"),
    ],
)
async def test_a_screen_is_drawn_as_it_was(
    fixed: Workspace, name: str, keys: str, size: tuple[int, int]
) -> None:
    app, version = PilothouseApp(fixed, now=lambda: NOW), "\0"
    async with app.run_test(size=size, notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, keys)
        if name == "data":
            await press(pilot, "enter", "j")
        if name == "drift-map":
            await press(pilot, "v", "j", "j", "h")
            await settle(pilot, lambda: "visib rose" in shown(app))
        if name == "data-column":
            version = compared_with_rows(fixed)
            await press(pilot, "ctrl+r")
            await settle(pilot, lambda: "flights-2014-02.parquet" in shown(app))
            await press(pilot, "g", "enter", "j", "enter")
            await settle(pilot, lambda: "bars of equal width" in shown(app))
        if name == "data-held":
            hold_one(fixed)
            await press(pilot, "ctrl+r")
            await settle(pilot, lambda: "flights-2014-01.csv" in shown(app))
            await press(pilot, "g")
            await settle(pilot, lambda: "cannot be read any more" in shown(app))
        if name == "events":
            await settle(pilot, lambda: "score          0.6000" in shown(app))
        if name == "runs":
            await settle(pilot, lambda: "by step" in shown(app))
        if name in ("run", "curves"):
            await press(pilot, "enter")
            await settle(pilot, lambda: "metrics 2" in shown(app))
        if name == "curves":
            await press(pilot, "c")
            await settle(pilot, lambda: "roc_auc  last" in shown(app))
        # The hash is that of a file which the next DuckDB may write otherwise.
        drawn = shown(app).replace(version, "0123456789ab") + "\n"
    hold_against(name, size, drawn)


def hold_against(name: str, size: tuple[int, int], drawn: str) -> None:
    """Compare with the drawing of that name, or keep it anew."""
    path = DRAWINGS / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("PILOTHOUSE_REDRAW"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(drawn, encoding="utf-8")
    assert drawn == path.read_text(encoding="utf-8")


def sweep_of(workspace: Workspace) -> str:
    """A sweep that was stopped: five of six trials have ended, one of them badly."""
    plan = SweepPlan(("C=0.1,1,10", "class_weight=balanced,none"), "grid", metric="roc_auc", jobs=2)
    write_plan(workspace.run_dir("sweepsweepsw"), plan)
    common = {
        "model": "late", "recipe": "logistic", "command": "", "exit_code": 0, "progress_text": "",
        "dataset_version": "7f3a99aa0011", "reason": "", "journal_offset": 0,
    }  # fmt: skip
    began = ago(minutes=30)
    with open_store(workspace).transaction() as tx:
        tx.insert(
            "runs",
            [
                {
                    **common, "run_id": "sweepsweepsw", "name": "calm-sweep", "kind": "sweep",
                    "progress": 0.83,
                    "status": "KILLED", "started_at": began, "ended_at": began + timedelta(minutes=4),
                }
            ],
        )  # fmt: skip
        for n, planned in enumerate(plan.make("roc_auc").due({})[:5]):
            run_id, start = f"{n}trial{n}trial", began + timedelta(seconds=40 * n)
            tx.insert(
                "runs",
                [
                    {
                        **common, "run_id": run_id, "name": HOSTILE[0] if n == 3 else f"trial-{n}",
                        "kind": "trial", "progress": 1.0, "status": "FAILED" if n == 2 else "FINISHED",
                        "started_at": start, "ended_at": start + timedelta(seconds=31 + n),
                        "parent_run_id": "sweepsweepsw",
                    }
                ],
            )  # fmt: skip
            tx.insert("tags", [{"run_id": run_id, "key": TRIAL_TAG, "value": planned.key}])
            tx.insert(
                "params",
                [
                    {"run_id": run_id, "key": key, "value": str(value).lower(), "number": None}
                    for key, value in planned.params.items()
                ],
            )  # fmt: skip
            if n != 2:
                score = {"last": 0.68 + n / 100, "min": 0.5, "max": 0.7, "last_step": 0, "count": 1}
                tx.insert("metrics", [{"run_id": run_id, "key": "roc_auc", **score}])
    return "sweepsweepsw"


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x36"])
async def test_a_sweep_is_drawn_as_it_was(fixed: Workspace, size: tuple[int, int]) -> None:
    app = PilothouseApp(fixed, now=lambda: NOW)
    async with app.run_test(size=size, notifications=True) as pilot:
        await ready(pilot)
        app.push_screen(SweepScreen(sweep_of(fixed)))
        await ready(pilot)
        await settle(pilot, lambda: "0.7200" in shown(app))
        drawn = shown(app) + "\n"
    hold_against("sweep", size, drawn)


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x36"])
async def test_a_comparison_is_drawn_as_it_was(fixed: Workspace, size: tuple[int, int]) -> None:
    app = PilothouseApp(fixed, now=lambda: NOW)
    drawn: list[str] = []
    async with app.run_test(size=size, notifications=True) as pilot:
        await ready(pilot)
        screen = CompareScreen(("0run0run0run", "4run4run4run"))
        app.push_screen(screen)
        await ready(pilot)
        await settle(pilot, lambda: screen.complete, timeout=60)
        for key in "fcldva":
            await press(pilot, key)
            drawn.append(f"{screen.part}\n{shown(app)}\n")
    hold_against("compare", size, "\n".join(drawn))
