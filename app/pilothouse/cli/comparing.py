"""The compare command: runs and versions side by side, in the terminal or as a document."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from pilothouse.cli.options import emit, json_option, printable, say, table, workspace_option
from pilothouse.workspace import Workspace

if TYPE_CHECKING:
    from pilothouse.comparing.facts import Comparison
    from pilothouse.comparing.findings import Findings

T = TypeVar("T")
QUIET = 1.0
"""Seconds that work may take before a word is said of it."""


@click.command()
@click.argument("refs", nargs=-1, required=True, metavar="A B...")
@click.option("--all", "everything", is_flag=True, help="Show what is alike too.")
@click.option("--baseline", metavar="REF", help="What the others are compared with; the first by default.")
@click.option(
    "--by", multiple=True, metavar="COLUMN", help="Measure by the values of this column. Repeatable."
)
@click.option("--no-intervals", is_flag=True, help="Only what is known at once: nothing is judged again.")
@click.option("--model", metavar="NAME", help="Whose versions are meant, where there are several models.")
@click.option("--save", metavar="FILE", help="Write all of it to FILE: .md, .csv or .json.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@workspace_option
@json_option
def compare(
    refs: tuple[str, ...],
    everything: bool,
    baseline: str | None,
    by: tuple[str, ...],
    no_intervals: bool,
    model: str | None,
    save: str | None,
    force: bool,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Compare 2 to 20 runs or model versions; the first is the baseline.

    A run is named by its id, its name or `latest`, a version by v3, champion, NAME/3 or NAME@champion. What
    differs is shown; then all are judged on the same rows, which none of them learned from, and each
    difference gets a 95% interval (paired bootstrap, widened for the number of metrics): better, worse, or
    no difference that these rows show.

    \b
      pilothouse compare v1 v2
      pilothouse compare champion latest --by carrier --save release.md
      pilothouse compare gull otter heron --baseline heron --no-intervals --json
    """
    from pilothouse.comparing.document import tree_of
    from pilothouse.comparing.facts import compare_subjects
    from pilothouse.comparing.saving import check_target, save_comparison
    from pilothouse.comparing.subjects import find_subjects
    from pilothouse.comparing.whole import find_everything
    from pilothouse.store import open_store

    if save is not None:
        check_target(Path(save), force=force)
    store = open_store(workspace)
    subjects = find_subjects(store, refs, model, baseline=baseline)
    comparison = compare_subjects(subjects)
    if not as_json:
        _show_facts(comparison, everything)
    telling = _Telling()
    findings = find_everything(
        workspace, store, subjects, by=by, intervals=not no_intervals, tell=telling.tell
    )
    telling.end()
    emit(tree_of(comparison, findings), as_json, lambda: _show_findings(comparison, findings, everything))
    if save is not None:
        save_comparison(store, Path(save), comparison, findings, force=force)
        say(f"Saved as {save}.")


COMMANDS = (compare,)


class _Telling:
    """What goes on, on standard error, once it has taken longer than a second."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._last = ""
        self._live = sys.stderr.isatty()
        self._open = False

    def tell(self, saying: str, share: float | None) -> None:
        """Say what is being done; on a terminal also how far it is."""
        if time.monotonic() - self._began < QUIET:
            return
        if self._live:
            done = f" {share:.0%}" if share is not None else " …"
            click.echo(f"\r\x1b[2K{printable(saying, 70)}{done}", err=True, nl=False)
            self._open = True
        elif saying != self._last:
            say(f"{saying} …")
        self._last = saying

    def end(self) -> None:
        """Clear the line."""
        if self._open:
            click.echo("\r\x1b[2K", err=True, nl=False)


def _show_facts(comparison: Comparison, everything: bool) -> None:
    from pilothouse.comparing.wording import fact, on_which_rows

    rows = comparison.rows if everything else comparison.only_differences()
    table(
        ["", *(subject.label for subject in comparison.subjects)],
        [
            [f"{row.section}.{row.key}", *(fact(row, n) for n in range(len(comparison.subjects)))]
            for row in rows
        ],
        right=range(1, 1 + len(comparison.subjects)),
    )
    hidden = len(comparison.rows) - len(rows)
    if why := on_which_rows(comparison):
        say(why)
    if hidden:
        say(f"{hidden} of {len(comparison.rows)} facts are alike; --all shows them.")
    # What is known at once is seen at once, also through a pipe.
    sys.stdout.flush()


def _show_findings(comparison: Comparison, findings: Findings, everything: bool) -> None:
    labels = [subject.label for subject in comparison.subjects]
    _show_judgement(findings, labels)
    _show_slices(findings, labels)
    _show_made_of(findings, labels, everything)


def _show_judgement(findings: Findings, labels: list[str]) -> None:
    from pilothouse.comparing.wording import SIGNS, between, figure, headlines, judged_on, signed

    found = findings.judgement
    if found is None:
        if why := (findings.untold or {}).get("judgement"):
            click.echo(f"\nNot judged on the same rows: {printable(why)}")
        return
    click.echo(f"\n{printable(judged_on(found))}")
    rows = []
    for one in found.metrics:
        for n in range(1, len(labels)):
            interval = one.intervals[n]
            if interval is None:
                continue
            says = f"{SIGNS.get(interval.verdict, '?')} {interval.words}"
            rows.append(
                [one.metric, labels[n], figure(one.values[0]), figure(one.values[n]),
                 signed(interval.difference), between(interval), says]
            )  # fmt: skip
    many = len(labels) > 2
    headers = ["", "", labels[0], "value" if many else labels[1], "change", f"{found.level:.0%} interval", ""]
    keep = [n for n in range(7) if many or n != 1]
    table(
        [headers[n] for n in keep], [[row[n] for n in keep] for row in rows], right=range(1 + many, 4 + many)
    )
    for said in headlines(found, labels):
        click.echo(printable(said))
    for label, why in found.left_out:
        say(f"{label} was not judged: {why}")
    for note in found.notes[1:]:
        say(note)


def _show_slices(findings: Findings, labels: list[str], most: int = 5) -> None:
    from pilothouse.comparing.wording import between, figure, slice_words

    found = findings.slices
    if found is None:
        return
    for column in found.columns:
        click.echo(
            f"\n{printable(found.metric)} by {printable(column.column)}, {column.how}, the worst first"
        )
        rows = []
        for one in column.slices[: most if len(found.columns) > 1 else 50]:
            for n in range(1, len(labels)):
                interval = one.intervals[n]
                rows.append(
                    [("? " if one.small else "  ") + one.name, f"{one.rows:,}", labels[n],
                     figure(one.values[0]), figure(one.values[n]), between(interval) if interval else "–",
                     slice_words(one, n)]
                )  # fmt: skip
        keep = [n for n in range(7) if len(labels) > 2 or n != 2]
        value = "value" if len(labels) > 2 else labels[1]
        headers = ["  ", "rows", "", labels[0], value, "change lies in", ""]
        table(
            [headers[n] for n in keep],
            [[row[n] for n in keep] for row in rows],
            right=(1, len(keep) - 4, len(keep) - 3),
        )
        if (more := len(column.slices) - most) > 0 and len(found.columns) > 1:
            say(f"{more} more; `--by {column.column}` shows them all.")
    for note in found.notes:
        say(note)


def _show_made_of(findings: Findings, labels: list[str], everything: bool) -> None:
    if findings.data is not None:
        click.echo("\ndata")
        for said, whose in _grouped((one.said, one.label) for one in findings.data.changes):
            for sentence in said:
                click.echo(f"  {_of(whose, labels)}{printable(sentence, 400)}")
    if findings.code is not None:
        click.echo("\ncode")
        for code, whose in _grouped((replace(one, label=""), one.label) for one in findings.code.changes):
            click.echo(f"  {_of(whose, labels)}{printable(code.said, 400)}")
            for file in code.files[:20]:
                click.echo(f"    {file.change:<8} {printable(file.path, 80)}  +{file.added} −{file.removed}")
            if code.diff and everything:
                click.echo("\n".join(printable(line) for line in code.diff.splitlines()))
    if findings.environment is not None:
        rows = [one for one in findings.environment if one.differs or everything]
        click.echo("\nenvironment")
        if rows:
            table(
                ["  ", "", *labels],
                [[f"  {one.section}", one.key, *(value or "–" for value in one.values)] for one in rows],
            )
        else:
            alike = len(findings.environment)
            click.echo(f"  {'alike in all ' + str(alike) + ' facts' if alike else 'nothing is known of it'}")


def _grouped(pairs: Iterable[tuple[T, str]]) -> list[tuple[T, list[str]]]:
    """Say what holds for several of them once."""
    found: dict[T, list[str]] = {}
    for said, label in pairs:
        found.setdefault(said, []).append(label)
    return list(found.items())


def _of(whose: list[str], labels: list[str]) -> str:
    if len(labels) == 2:
        return ""
    some = ", ".join(printable(label, 30) for label in whose[:5])
    return some + (f" and {len(whose) - 5} more: " if len(whose) > 5 else ": ")
