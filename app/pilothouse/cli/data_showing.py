"""Datasets as a person reads them on a terminal: columns with their shapes, and how two sets differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from pilothouse.cli.options import printable, say, table

if TYPE_CHECKING:
    from pilothouse.data.keeping import Condition
    from pilothouse.monitoring.dataset_diff import DatasetDiff
    from pilothouse.monitoring.describing import Description

_BARS = "▁▂▃▄▅▆▇█"
_MARK = {True: "■", False: "·"}


def sparkline(counts: Sequence[int]) -> str:
    """Draw counts as bars from nothing to the largest; a count that is not zero never looks like none."""
    most = max(counts, default=0)
    if not most:
        return ""
    return "".join(" " if not count else _BARS[max(0, -(-count * 8 // most) - 1)] for count in counts)


def show_descriptions(found: Sequence[Description]) -> None:
    """Print numbers, then categories, then times and texts."""
    from pilothouse.monitoring.wording import number, percent

    def share(count: int, of: int) -> str:
        return percent(count / of) if of and count else "–"

    def distinct(one: Description) -> str:
        return f"{'~' if one.approximate else ''}{one.distinct:,}"

    def end(value: float | str | None) -> str:
        return "–" if value is None else number(value) if isinstance(value, float | int) else value

    numbers = [one for one in found if one.kind == "numeric"]
    if numbers:
        rows = []
        for one in numbers:
            q05, _, median, _, q95 = one.quantiles or (None,) * 5
            ends = [end(value) for value in (one.min, q05, median, q95, one.max)]
            rows.append([one.name, share(one.missing, one.rows), distinct(one), *ends, sparkline(one.counts)])
        heads = ["number", "missing", "distinct", "min", "5%", "median", "95%", "max", "shape"]
        table(heads, rows, right=(1, 2, 3, 4, 5, 6, 7))
    if infinite := [one for one in numbers if one.infinite]:
        say("; ".join(f"{one.name} has {one.infinite:,} infinite values" for one in infinite) + ".")
    categories = [one for one in found if one.kind in ("category", "boolean")]
    if categories:
        click.echo()
        rows = []
        for one in categories:
            top = ", ".join(
                f"{printable(level, 16)} {share(count, one.present)}" for level, count in one.top[:4]
            )
            rows.append([one.name, share(one.missing, one.rows), distinct(one), top])
        table(["category", "missing", "distinct", "most frequent"], rows, right=(1, 2))
    others = [one for one in found if one not in numbers and one not in categories]
    if others:
        click.echo()
        rows = [
            [
                one.name,
                one.type,
                share(one.missing, one.rows),
                distinct(one),
                printable(end(one.min), 19),
                printable(end(one.max), 19),
                sparkline(one.counts),
            ]
            for one in others
        ]
        table(["other", "type", "missing", "distinct", "first", "last", "shape"], rows, right=(2, 3))


def show_diff(found: DatasetDiff) -> None:
    """Print what differs, one line a fact, then the columns that moved and by how much."""
    click.echo(f"{printable(found.a)}  →  {printable(found.b)}")
    for line in found.said:
        click.echo(f"  {printable(line)}")
    told = [one for one in found.columns if one.drifted or one.moved]
    if found.target is not None and (found.target.drifted or found.target.moved):
        told.append(found.target)
    if told:
        click.echo()
        table(
            ["", "column", "kind", "psi", "needs", "what changed"],
            [
                [
                    _MARK[one.drifted],
                    one.column,
                    one.kind,
                    f"{one.score:.3f}",
                    f"{one.threshold:.3f}",
                    one.moved,
                ]
                for one in told
            ],
            right=(3, 4),
        )


def kept_in_words(kept: Iterable[Condition]) -> str:
    """Say how files are kept, and which are not as they were; of one file without a number."""
    found = list(kept)
    words = {
        "■ other bytes": sum(not one.sound and not one.gone for one in found),
        "■ gone": sum(one.gone for one in found),
        "link": sum(one.sound and one.shared for one in found),
        "copy": sum(one.sound and not one.shared for one in found),
    }
    many = {"link": "links", "copy": "copies"}
    if len(found) == 1:
        return next(word for word, count in words.items() if count)
    return ", ".join(
        f"{word}: {count}" if word.startswith("■") else f"{count} {word if count == 1 else many[word]}"
        for word, count in words.items()
        if count
    )


def clock(at: datetime) -> str:
    """Write a moment in the time zone of the reader."""
    return str(at.replace(tzinfo=at.tzinfo or UTC).astimezone().strftime("%Y-%m-%d %H:%M"))
