"""How `pilothouse runs` prints chosen columns, and groups of runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pilothouse.cli.options import number, table
from pilothouse.tracking.durations import duration
from pilothouse.tracking.search.nodes import Field

if TYPE_CHECKING:
    from pilothouse.tracking.grouping import Group
    from pilothouse.tracking.runs import Run


_LEAST = tuple(Field("attributes", key) for key in ("took", "recipe", "started", "name"))
"""What is left out first where the terminal is narrow: the metrics stay."""


def as_data(runs: Sequence[Run], fields: Sequence[Field]) -> list[dict[str, Any]]:
    """Return a run as an object with exactly these columns, in their order."""
    from pilothouse.tracking.columns import column_text, value_of

    def plain(value: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime) else value

    return [{column_text(field): plain(value_of(run, field)) for field in fields} for run in runs]


def show_runs(runs: Sequence[Run], fields: Sequence[Field]) -> None:
    """Print these columns of runs."""
    from pilothouse.tracking.columns import heads_apart, value_of

    headers = heads_apart(fields, _header)
    rows = [[_cell(field, value_of(run, field), run) for field in fields] for run in runs]
    table(
        headers,
        rows,
        right=[n for n, field in enumerate(fields) if _is_number(field, runs)],
        leave=[fields.index(field) for field in _LEAST if field in fields],
        instead="use --columns",
    )


def show_groups(groups: Sequence[Group], by: Field, metrics: Sequence[Field]) -> None:
    """Print groups: how many runs, how many ended badly, and of each metric mean, spread and best."""
    from pilothouse.tracking.grouping import BAD_ENDS

    ends = [end for end in BAD_ENDS if end == "failed" or any(group.ends(end) for group in groups)]
    headers = [_header(by), "runs", *ends]
    for field in metrics:
        headers += [f"mean {_header(field)}", "±", "best"]
    rows = []
    for group in groups:
        row: list[object] = ["–" if group.value is None else group.value or "''", group.count]
        row += [group.ends(end) for end in ends]
        for field in metrics:
            told = group.metrics[field]
            row += [number(told.mean), number(told.spread), number(told.best)]
        rows.append(row)
    table(headers, rows, right=range(1, len(headers)), instead="use --columns")


def usual_columns(runs: Sequence[Run], sorted_by: Field | None) -> tuple[Field, ...]:
    """Return what is shown of runs where nobody said what: what they have, and what they are sorted by."""
    from pilothouse.tracking.usual import usual_metrics

    keys = ["run_id", "name", "status", "started", "took"]
    if any(run.recipe or run.command for run in runs):
        keys.append("recipe")
    found = [Field("attributes", key) for key in keys]
    if sorted_by is not None and sorted_by.section != "attributes":
        found.append(sorted_by)
    found += [Field("metrics", key) for key in usual_metrics(runs)]
    if sorted_by is not None and sorted_by not in found:
        found.append(sorted_by)
    return tuple(dict.fromkeys(found))


def _header(field: Field) -> str:
    if field == Field("attributes", "run_id"):
        return "run"
    return field.key if field.which == "last" else f"{field.which} {field.key}"


def _cell(field: Field, value: Any, run: Run) -> str:
    if value is None:
        # A script has no recipe; what it ran says as much.
        return run.command or "–" if field == Field("attributes", "recipe") else "–"
    if value == "":
        return "''"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M")
    if field == Field("attributes", "took"):
        return duration(value)
    if isinstance(value, float):
        return number(value)
    return str(value)[:8] if field == Field("attributes", "run_id") else str(value)


def _is_number(field: Field, runs: Sequence[Run]) -> bool:
    from pilothouse.tracking.numerals import number_of
    from pilothouse.tracking.search.fields import kind_of

    kind = kind_of(field)
    if kind == "either":
        return all(number_of(run.params.get(field.key, "0")) is not None for run in runs)
    return kind in ("number", "seconds")
