"""How a drift report is shown: as a table, as lines of chunks, or as a page of HTML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pilothouse.cli.options import printable, say, table

if TYPE_CHECKING:
    from pilothouse.monitoring.checks import Finding
    from pilothouse.monitoring.chunks import Chunk
    from pilothouse.monitoring.reports import ColumnDrift, DriftReport


MOST_CHANGES = 20
"""Sentences that are printed of one report."""


def verdict_word(report: DriftReport) -> str:
    """Return sign and word."""
    from pilothouse.monitoring.verdict_words import of_data

    return " ".join(of_data(report))


def show_report(report: DriftReport, current: str, reference: str, *, verdict: str = "") -> None:
    """Print a report: the verdict, then the columns, the strongest first, then what else there is to know.

    A `verdict` stands in the place of the report's own where that would say too much.
    """
    from pilothouse.monitoring.explaining import about_named, about_stream
    from pilothouse.monitoring.story import HEDGE, besides, share_moved, what_moved

    against = f"{printable(reference)} ({report.n_reference:,} rows)"
    verdict = verdict or verdict_word(report)
    count = "1 row" if report.n_current == 1 else f"{report.n_current:,} rows"
    click.echo(f"{verdict}: {printable(current)} ({count}) against {against}")
    click.echo(f"{share_moved(report)}; the dataset drifts at {report.share:.0%}.")
    for joint in report.multivariate:
        click.echo(f"{'■' if joint.drifted else '●'} {printable(joint.words)}")
    _sentences(what_moved(report))
    if small := besides(report):
        click.echo(f"{HEDGE.capitalize()}:")
        _sentences(small)
    click.echo()
    # The strongest first; steady ones follow.
    columns = sorted(report.columns, key=lambda column: (not column.drifted, -column.score))
    tests = {column.test for column in report.columns}
    one_test = len(tests) == 1
    score = tests.pop() if one_test else "score"
    heads = ["column", "kind", "verdict", score, "needed", "p", "missing"]
    lines = [
        *(_line(column, named=not one_test) for column in columns),
        *([_line(report.target, "target", named=not one_test)] if report.target else []),
    ]
    table(heads, lines, right=(3, 4, 5, 6))
    for note in report.notes:
        say(note)
    if report.target:
        say(f"{report.target.column} is the target and does not count.")
    if report.left_out:
        say(f"Not compared: {', '.join(report.left_out)}.")
    # What differs from the plain rule is worth a word; all of it is in --json and --html.
    for sentence in (*about_stream(report), *about_named(report)):
        say(sentence)


def _sentences(said: Sequence[str]) -> None:
    for one in said[:MOST_CHANGES]:
        click.echo(f"  {printable(one)}")
    if len(said) > MOST_CHANGES:
        click.echo(f"  … and {len(said) - MOST_CHANGES} more, in --json and --html")


def _line(column: ColumnDrift, kind: str | None = None, *, named: bool = False) -> list[Any]:
    from pilothouse.monitoring.verdict_words import of_column
    from pilothouse.monitoring.wording import percent

    p = column.p_value
    p_value = "–" if p is None else "<0.0001" if p < 1e-4 else f"{p:.4f}"
    score = f"{column.test} {column.score:.3f}" if named else f"{column.score:.3f}"
    verdict = " ".join(of_column(column))
    missing = ""
    if column.missing_reference or column.missing_current:
        missing = f"{percent(column.missing_reference)} → {percent(column.missing_current)}"
    return [
        column.column,
        kind or column.kind,
        verdict,
        score,
        f"{column.threshold:.3f}",
        p_value,
        missing,
    ]


def show_chunks(chunks: Sequence[Chunk], notes: Sequence[str], current: str, reference: str) -> None:
    """Print a line for each chunk."""
    from pilothouse.monitoring.story import headline
    from pilothouse.monitoring.verdict_words import count_chunks, is_sound, of_column

    click.echo(
        f"{count_chunks([chunk.report for chunk in chunks])} of {printable(current)} "
        f"against {printable(reference)} ({chunks[0].report.n_reference:,} rows)"
    )
    click.echo()
    table(
        ["chunk", "verdict", "moved", "rows", "target", "what changed", "note"],
        [
            [
                chunk.label,
                verdict_word(chunk.report),
                f"{len(chunk.report.drifted)} of {len(chunk.report.columns)}",
                f"{chunk.report.n_current:,}",
                "–" if chunk.report.target is None else of_column(chunk.report.target)[0],
                "–" if is_sound(chunk.report) else headline(chunk.report),
                chunk.note,
            ]
            for chunk in chunks
        ],
        right=(2, 3),
        widest=100,
    )
    for note in notes:
        say(note)


def chunk_fields(chunks: Sequence[Chunk], notes: Sequence[str], by: str) -> dict[str, Any]:
    """Return what `--chunk … --json` prints."""
    return {
        "dataset_drift": any(chunk.report.dataset_drift for chunk in chunks),
        "chunk": by,
        "notes": list(notes),
        "chunks": [{"label": chunk.label, "note": chunk.note, **chunk.report.to_dict()} for chunk in chunks],
    }


def check_outputs(html: str | None, save_profile: str | None, *, force: bool) -> None:
    """Raise PilothouseError if a file that would be written is there and is another, or its folder is not
    there: before long work."""
    from pilothouse.monitoring.renewing import check_page, check_profile
    from pilothouse.processes import require_folder_of

    for name in (html, save_profile):
        if name is not None:
            require_folder_of(Path(name))
    if html is not None:
        check_page(Path(html), force=force)
    if save_profile is not None:
        check_profile(Path(save_profile), force=force)


def write_html(
    path: str, parts: Sequence[tuple[str, DriftReport, str]], current: str, reference: str,
    notes: Sequence[str] = (), held: Sequence[Finding] = (),
) -> None:  # fmt: skip
    """Write the page: `parts` are label, report and note of each chunk, or of the one report. `held` is what
    holds the file back, if one does.

    Raises:
        OSError: it cannot be written.
    """
    from pilothouse.monitoring.report_html import Part, render_html
    from pilothouse.processes import write_atomic

    page = render_html(
        [Part(*part) for part in parts], current=current, reference=reference, notes=notes,
        findings=held, held=bool(held),
    )  # fmt: skip
    write_atomic(Path(path), page)
    say(f"Written to {path}.")
