"""The table that is printed, and the file for later."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from .measure import Outcome, short

HEADS = ("row", "work", "must reach", "measured", "peer or floor", "its figure", "ratio", "verdict")


def cells(outcome: Outcome) -> list[str]:
    """One line of the table."""
    return [
        str(outcome.row),
        outcome.work,
        outcome.must or "-",
        str(outcome.ours) if outcome.ours else "-",
        outcome.peer or "-",
        str(outcome.theirs) if outcome.theirs else "-",
        f"{short(outcome.ratio)} x" if outcome.ratio is not None else "-",
        outcome.verdict,
    ]


def table(outcomes: Sequence[Outcome]) -> str:
    """All lines, aligned."""
    lines = [list(HEADS), *(cells(outcome) for outcome in outcomes)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(HEADS))]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    text.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(text)


def machine() -> dict[str, object]:
    """What it was measured on, without naming the machine."""
    from importlib.metadata import version

    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load": [round(value, 2) for value in os.getloadavg()],
        "python": platform.python_version(),
        "system": platform.system(),
        **{name: version(name) for name in ("duckdb", "textual", "scikit-learn", "pandas")},
    }


def write(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write every single value."""
    content = {"machine": machine(), "outcomes": [outcome.to_json() for outcome in outcomes]}
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
