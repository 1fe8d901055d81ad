"""What the tests of the screens are made with: names from hell, runs, verdicts, and keys that wait."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from pilothouse.monitoring.reports import ColumnDrift, DriftReport
from pilothouse.store import Store, dumps, record
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.widgets.rows import Row
from pilothouse.tui.widgets.table import Table
from pilothouse.workspace import Workspace

HOSTILE = [
    "model [/foo]",
    "[bold red]x[/]",
    "\x1b[31mred\x1b[0m\x07",
    "a\nb\tc\r",
    "../../etc/passwd",
    "'; DROP TABLE runs; --",
    "$name {x} %s",
    "\u202eright-to-left\u202c",
    "x" * 3000,
    "naïve 🚢 表",
]


def add_runs(workspace: Workspace, names: list[str], *, steps: int = 30) -> list[str]:
    """Runs that ended in every way there is; the last one is still running by its journal, and so is lost."""
    made = []
    for n, name in enumerate(names):
        start = RunStart(
            kind="recipe",
            name=name,
            model="late",
            recipe="logistic" if n % 2 else "random_forest",
            dataset_version="7f3a99aa0011",
            status="RUNNING",
            params={"depth": n % 3, "rate": 0.05, f"p{name[:20]}": name},
            tags={"why": name},
        )
        run = open_run(workspace, start, hold=True)
        for step in range(steps):
            run.log_metrics(
                {"valid_roc_auc": 0.7 - 0.1 * math.exp(-step / 9), "loss": 0.5 + n / 100}, step=step
            )
        run.log_metrics({"roc_auc": 0.7 + n / 100, "log_loss": 0.6 - n / 100, name[:20] or "m": float(n)})
        run.progress(0.62, name)
        (run.folder / "output.log").write_bytes(f"line one\n{name}\n\x1b[32mgreen\x1b[0m\nlast\n".encode())
        ends = [("FINISHED", 0, ""), ("FAILED", 1, name), ("KILLED", -15, "stopped"), None]
        end = ends[n % 4]
        if end is None:
            run.close()
        else:
            run.end(*end)
        made.append(run.run_id)
    return made


def column(name: str, score: float, kind: str = "numeric") -> ColumnDrift:
    """One column's drift with three bins."""
    return ColumnDrift(
        name, kind, "psi", score, 0.01, 0.1, score >= 0.1, 0.002, 0.0, 0.01,
        (100, 200, 300, 0), (300, 200, 100, 6), ("up to 1", name, "above 2", "(missing)"), f"{name} rose",
    )  # fmt: skip


def add_verdicts(store: Store, names: list[str]) -> None:
    """Files that were judged: drifted, steady and held."""
    report = DriftReport(
        True, 0.5, 600, 606, (column("temp", 0.6), column(names[0], 0.2), column("carrier", 0.01)),
        target=column("late", 0.03, "category"),
    )  # fmt: skip
    now = datetime.now(UTC)
    with store.transaction() as tx:
        for n, name in enumerate(names):
            held = n % 3 == 2
            findings = [{"severity": "error", "column": name, "message": f"{name} is broken"}] if held else []
            tx.insert(
                "arrivals",
                [
                    {
                        "model": "late", "name": name, "sha256": f"{n:064d}", "recorded_at": now, "rows": 600,
                        "status": "held" if held else "ok", "findings": dumps(findings),
                    }
                ],
            )  # fmt: skip
            if not held:
                tx.insert(
                    "drift_reports",
                    [
                        {
                            "report_id": f"r{n}", "model": "late", "recorded_at": now, "subject": name,
                            "sha256": f"{n:064d}", "reference": "late v1", "dataset_drift": n % 2 == 0,
                            "share_drifted": 0.5, "n_reference": 600, "n_current": 606,
                            "report": report.to_json(),
                        }
                    ],
                )  # fmt: skip
            record(tx, "drift", name, f"{name} drifted.", {"score": 0.6, "by": {"column": [name]}})


def add_predictions(workspace: Workspace, names: list[str]) -> None:
    """Lines of a prediction log, the last one torn."""
    folder = workspace.serving_dir / "predictions"
    folder.mkdir(parents=True)
    lines = [
        json.dumps(
            {
                "id": f"q{n}", "time": "2026-11-21T00:00:00.5Z", "model": "late", "version": 1,
                "features": {"carrier": name, "distance": 3}, "output": {"prediction": name},
                "latency_ms": 2.5,
            }
        )
        for n, name in enumerate(names)
    ]  # fmt: skip
    (folder / "20261121T000000.000000-1.jsonl").write_text("\n".join(lines) + '\n{"id": "torn')


def shown(app: PilothouseApp) -> str:
    """What is on the screen, as text."""
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


def rows_here(table: Table) -> list[Row]:
    """All rows of a table that are loaded, in order."""
    return [row for number in sorted(table._pages) for row in table._pages[number]]


DRAWINGS = Path(__file__).parent / "drawings"


def assert_drawn(name: str, app: PilothouseApp) -> None:
    """Hold what is on the screen against the drawing of this name; PILOTHOUSE_REDRAW=1 makes it anew."""
    drawn, size = shown(app) + "\n", app.size
    path = DRAWINGS / f"{name}-{size.width}x{size.height}.txt"
    if os.environ.get("PILOTHOUSE_REDRAW"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(drawn, encoding="utf-8")
    assert drawn == path.read_text(encoding="utf-8")


async def settle(pilot: Pilot[Any], until: Callable[[], object] | None = None, timeout: float = 20.0) -> None:
    """Wait until every worker is done and every message handled, and ``until`` is true."""
    app, deadline = pilot.app, time.monotonic() + timeout
    while time.monotonic() < deadline:
        await pilot.pause()
        busy = any(not worker.is_finished for worker in app.workers)
        if not busy and (until is None or until()):
            await pilot.pause()
            return
    raise AssertionError(f"waited in vain\n{shown(app)}")  # type: ignore[arg-type]


async def ready(pilot: Pilot[Any]) -> None:
    """Wait until the screen has had its first snapshot."""
    app = pilot.app
    await settle(
        pilot, lambda: getattr(app.screen, "_turn", 1) > 0 and not getattr(app.screen, "_polling", False)
    )
    await settle(pilot)


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys, waiting after each until the app is idle."""
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


async def visit(pilot: Pilot[Any], key: str) -> None:
    """Go to an area by its digit and wait for what it shows."""
    await pilot.press(key)
    await pilot.pause()
    await ready(pilot)
