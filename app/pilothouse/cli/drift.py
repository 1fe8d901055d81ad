"""The drift command: compare data with a reference, and show what moved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pilothouse.cli.options import emit, json_option, printable, say, table
from pilothouse.errors import NotFoundError, UsageError
from pilothouse.workspace import Workspace, find_workspace

if TYPE_CHECKING:
    from pilothouse.config import ModelConfig
    from pilothouse.monitoring.drift import ColumnDrift, DriftReport
    from pilothouse.monitoring.judging import StoredReport, Verdict
    from pilothouse.store import Store

DRIFTED = 1
"""Exit code with --exit-code."""


@click.command()
@click.argument("current", required=False)
@click.option("--reference", help="A file, folder or pattern to compare with; then no workspace is needed.")
@click.option("--target", help="The target column: told apart (with --reference).")
@click.option(
    "--exclude", multiple=True, metavar="COLUMN", help="A column that is no feature (with --reference)."
)
@click.option("--share", type=click.FloatRange(0, 1, min_open=True), default=0.3, show_default=True,
              help="The dataset drifts if this share of the columns does (with --reference).")  # fmt: skip
@click.option("--exit-code", is_flag=True, help="Exit with 1 if the dataset has drifted.")
@click.option("--model", help="The model, where there are several.")
@click.option("--workspace", metavar="DIR", help="The workspace; by default the one around this folder.")
@json_option
def drift(
    current: str | None,
    reference: str | None,
    target: str | None,
    exclude: tuple[str, ...],
    share: float,
    exit_code: bool,
    model: str | None,
    workspace: str | None,
    as_json: bool,
) -> int:
    """Say whether CURRENT (a file, a folder or a pattern) has moved away from a reference.

    With --reference, two sets of files are compared, anywhere. In a workspace, a file is judged against the
    champion's reference and the verdict kept; the name of a judged file shows its report again; and without
    CURRENT the reports are listed.
    """
    if reference is not None:
        if current is None:
            raise UsageError(
                "Name what to compare with the reference: pilothouse drift CURRENT --reference REFERENCE."
            )
        report = _compare(current, reference, target, exclude, share)
        emit(report.to_dict(), as_json, lambda: _show_report(report, current, reference))
        return DRIFTED if exit_code and report.dataset_drift else 0
    if target is not None or exclude:
        raise UsageError(
            "--target and --exclude go with --reference; a workspace's pilothouse.toml names its own."
        )
    found = find_workspace(Path(workspace) if workspace else None)
    config = found.config().model(model)
    from pilothouse.store import open_store

    store = open_store(found)
    if current is None:
        return _list_reports(store, config, exit_code, as_json)
    return _drift_in_workspace(found, store, config, current, exit_code, as_json)


def _compare(
    current: str, reference: str, target: str | None, exclude: tuple[str, ...], share: float
) -> DriftReport:
    from pilothouse.data.reading import DataError, expand
    from pilothouse.data.schema import infer_schema
    from pilothouse.monitoring.drift import compare_profiles
    from pilothouse.monitoring.profile import profile_files

    schema = infer_schema(expand(reference))
    for name in (*exclude, *([target] if target else ())):
        if schema.column(name) is None:
            raise UsageError(
                f"The reference has no column {name!r}.", next=f"It has: {', '.join(schema.names())[:500]}."
            )
    _tell_strangers(schema.names(), current, exclude)
    base = profile_files(expand(reference), schema, exclude=exclude)
    now = profile_files(expand(current), schema, edges_from=base, exclude=exclude)
    for empty, text in ((base, reference), (now, current)):
        if empty.rows == 0:
            raise DataError(f"{text} has no rows: there is nothing to compare.")
    return compare_profiles(base, now, share, target=target, exclude=exclude)


def _tell_strangers(names: list[str], current: str, exclude: tuple[str, ...]) -> None:
    """Say which columns only one of the two has; a missing one counts as all missing."""
    from pilothouse.data.reading import connect, describe, expand

    with connect() as con:
        found = {name for path in expand(current) for name in describe(con, path)}
    if lost := [name for name in names if name not in found and name not in exclude]:
        say(f"{current} has no column {', '.join(map(repr, lost))}: compared as if every value were missing.")
    if new := sorted(found - set(names)):
        say(f"The reference has no column {', '.join(map(repr, new))}: not compared.")


def _drift_in_workspace(
    workspace: Workspace, store: Store, config: ModelConfig, current: str, exit_code: bool, as_json: bool
) -> int:
    from pilothouse.data.reading import DataError, expand
    from pilothouse.monitoring.judging import get_drift_report, judge_file

    path = Path(current)
    in_folder = workspace.data_folder(config) / path.name
    if not path.exists() and path.name == current and not in_folder.exists():
        try:
            found = get_drift_report(store, current, config.name)
        except NotFoundError:
            if not any(mark in current for mark in "*?["):
                raise
        else:
            emit(
                _report_fields(found),
                as_json,
                lambda: _show_report(found.report, found.subject, found.reference),
            )
            return DRIFTED if exit_code and found.dataset_drift else 0
    paths = expand(current) if path.exists() or not in_folder.exists() else [in_folder]
    verdicts = [judge_file(workspace, store, config, path) for path in paths]
    held = [verdict for verdict in verdicts if verdict.status == "held"]
    if held:
        raise DataError(
            f"{held[0].name} is held back: {held[0].findings[0].message}",
            next="See all with `pilothouse check`.",
        )
    reports = [verdict for verdict in verdicts if verdict.report is not None]
    if not reports:
        raise NotFoundError(
            "There is no reference to compare with yet.", next="Train a model first: `pilothouse train`."
        )

    def show() -> None:
        for verdict in reports:
            assert verdict.report is not None
            _show_report(verdict.report, verdict.name, verdict.reference)

    told = [_judged_fields(verdict) for verdict in reports]
    emit(told[0] if len(told) == 1 else told, as_json, show)
    drifted = any(verdict.report is not None and verdict.report.dataset_drift for verdict in reports)
    return DRIFTED if exit_code and drifted else 0


def _list_reports(store: Store, config: ModelConfig, exit_code: bool, as_json: bool) -> int:
    from pilothouse.monitoring.judging import list_drift_reports

    newest: dict[str, StoredReport] = {}
    for found in list_drift_reports(store, config.name, limit=10_000):
        newest.setdefault(found.subject, found)
    reports = [newest[name] for name in sorted(newest)]

    def show() -> None:
        if not reports:
            say("No file was compared yet. Do it with `pilothouse drift FILE`, or `pilothouse watch`.")
            return
        table(
            ["file", "verdict", "moved", "rows", "reference", "strongest"],
            [
                [
                    found.subject,
                    _word(found.report),
                    f"{len(found.report.drifted)} of {len(found.report.columns)}",
                    f"{found.n_current:,}",
                    found.reference,
                    ", ".join(f"{column.column} {column.score:.2f}" for column in found.report.drifted[:3]),
                ]
                for found in reports
            ],
            right=(2, 3),
        )

    emit([_report_fields(found) for found in reports], as_json, show)
    return DRIFTED if exit_code and any(found.dataset_drift for found in reports) else 0


def _show_report(report: DriftReport, current: str, reference: str) -> None:
    click.echo(
        f"{_word(report)}: {printable(current)} ({report.n_current:,} rows) against {printable(reference)} "
        f"({report.n_reference:,} rows)"
    )
    click.echo(
        f"{len(report.drifted)} of {len(report.columns)} columns moved, {report.share_drifted:.0%}; "
        f"the dataset drifts at {report.share:.0%}."
    )
    click.echo()
    # The strongest first; steady ones follow.
    columns = sorted(report.columns, key=lambda column: (not column.drifted, -column.score))
    table(
        ["column", "kind", "verdict", "psi", "needed", "p", "what happened"],
        [*map(_line, columns), *([_line(report.target, "target")] if report.target else [])],
        right=(3, 4, 5),
    )
    if report.target:
        say(f"{report.target.column} is the target and does not count.")
    if report.left_out:
        say(f"Not compared: {', '.join(report.left_out)}.")


def _line(column: ColumnDrift, kind: str | None = None) -> list[Any]:
    p = column.p_value
    p_value = "–" if p is None else "<0.0001" if p < 1e-4 else f"{p:.4f}"
    verdict = "■ drifted" if column.drifted else "· steady"
    return [
        column.column,
        kind or column.kind,
        verdict,
        f"{column.score:.3f}",
        f"{column.threshold:.3f}",
        p_value,
        column.moved,
    ]


def _word(report: DriftReport) -> str:
    return "■ drifted" if report.dataset_drift else "● no drift"


def _judged_fields(verdict: Verdict) -> dict[str, Any]:
    assert verdict.report is not None
    return {"subject": verdict.name, "reference": verdict.reference, **verdict.report.to_dict()}


def _report_fields(found: StoredReport) -> dict[str, Any]:
    return {
        "report_id": found.report_id,
        "subject": found.subject,
        "reference": found.reference,
        "judged_at": found.at.isoformat(),
        **found.report.to_dict(),
    }
