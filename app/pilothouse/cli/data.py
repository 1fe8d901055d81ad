"""Commands about data: data, check, drift."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pilothouse.cli.drift import drift
from pilothouse.cli.options import emit, json_option, printable, say, table, workspace_option
from pilothouse.errors import UsageError
from pilothouse.workspace import Workspace, find_workspace

if TYPE_CHECKING:
    from pilothouse.config import ModelConfig
    from pilothouse.data.versions import DatasetVersion
    from pilothouse.monitoring.checks import Finding
    from pilothouse.monitoring.judging import Verdict
    from pilothouse.store import Store

HELD = 1
"""Exit code: a file is not fit to learn from."""


@click.command()
@click.argument("version", required=False)
@click.option("--model", help="The model, where there are several.")
@workspace_option
@json_option
def data(version: str | None, model: str | None, workspace: Workspace, as_json: bool) -> None:
    """List dataset versions and the files that landed, or show the columns of one VERSION."""
    from pilothouse.data.versions import get_dataset_version, list_dataset_versions
    from pilothouse.monitoring.judging import list_arrivals
    from pilothouse.store import open_store

    store = open_store(workspace)
    if version is not None:
        _show_version(workspace, store, get_dataset_version(store, version), as_json)
        return
    config = workspace.config().model(model)
    versions = list_dataset_versions(store, config.name)
    arrivals = list_arrivals(store, config.name)
    told = {
        "model": config.name,
        "folder": str(workspace.data_folder(config)),
        "versions": [_version_fields(found) for found in versions],
        "files": [
            {
                "name": arrival.name,
                "sha256": arrival.sha256,
                "status": arrival.status,
                "rows": arrival.rows,
                "judged_at": arrival.at.isoformat(),
                "findings": [_finding(finding) for finding in arrival.findings],
            }
            for arrival in arrivals
        ],
    }

    def show() -> None:
        if versions:
            table(
                ["dataset", "made", "files", "rows", "MB"],
                [
                    [v.version, _clock(v.created_at), len(v.files), f"{v.rows:,}", f"{v.bytes / 1e6:,.1f}"]
                    for v in versions
                ],
                right=(2, 3, 4),
            )
        else:
            say("No dataset version yet. `pilothouse train` makes one of the data folder.")
        if arrivals:
            click.echo()
            table(
                ["file", "judged", "rows", "status", "findings"],
                [
                    [a.name, _clock(a.at), f"{a.rows:,}", a.status, "; ".join(f.message for f in a.findings)]
                    for a in arrivals
                ],
                right=(2,),
            )

    emit(told, as_json, show)


def _show_version(workspace: Workspace, store: Store, found: DatasetVersion, as_json: bool) -> None:
    from dataclasses import asdict

    from pilothouse.monitoring.reference import profile_of
    from pilothouse.monitoring.wording import number, percent

    profile = profile_of(workspace, store, found)
    told = {
        **_version_fields(found),
        "files": [asdict(file) for file in found.files],
        "schema": [asdict(column) for column in found.schema.columns],
        "profile": [asdict(column) for column in profile.columns],
    }

    def show() -> None:
        click.echo(f"dataset {found.version}  {found.rows:,} rows in {len(found.files)} files")
        rows = []
        for column in profile.columns:
            if column.kind == "numeric" and column.mean is not None:
                ends = f"{number(float(column.min or 0))} to {number(float(column.max or 0))}"
                shown = f"{ends}, mean {number(column.mean)}"
            elif column.levels:
                shown = f"{column.distinct:,} values: {', '.join(column.levels[:4])}"
            else:
                shown = f"{column.min} to {column.max}" if column.min is not None else ""
            missing = percent(column.missing / column.rows) if column.rows else ""
            rows.append([column.name, column.type, column.kind, missing, shown])
        table(["column", "type", "kind", "missing", "values"], rows, right=(3,))

    emit(told, as_json, show)


@click.command()
@click.argument("files", nargs=-1)
@click.option("--reference", help="A file, folder or pattern to check against; then no workspace is needed.")
@click.option("--model", help="The model, where there are several.")
@click.option("--accept", is_flag=True, help="Take one held FILE in, in spite of what was found.")
@click.option("--reason", default="", help="Why it is accepted, for the audit trail.")
@click.option("--workspace", metavar="DIR", help="The workspace; by default the one around this folder.")
@json_option
def check(
    files: tuple[str, ...],
    reference: str | None,
    model: str | None,
    accept: bool,
    reason: str,
    workspace: str | None,
    as_json: bool,
) -> int:
    """Check FILES (by default the whole data folder) and say what is wrong with them.

    Exits with 1 if a file is not fit to learn from.
    """
    from pilothouse.data.reading import expand, require_data_files

    if reference is not None:
        return _check_alone(files, reference, as_json)
    found = find_workspace(Path(workspace) if workspace else None)
    config = found.config().model(model)
    from pilothouse.store import open_store

    store = open_store(found)
    if accept:
        return _accept(store, config, files, reason, as_json)
    paths = [path for text in files for path in expand(text)] or require_data_files(found.data_folder(config))
    from pilothouse.monitoring.judging import judge_file

    verdicts = [judge_file(found, store, config, path) for path in paths]

    def show() -> None:
        for verdict in verdicts:
            click.echo(
                f"{_sign(verdict.status)} {printable(verdict.name)}  {verdict.rows:,} rows  {verdict.status}"
            )
            for finding in verdict.findings:
                _tell(finding)

    emit([_verdict_fields(verdict) for verdict in verdicts], as_json, show)
    return HELD if any(verdict.status == "held" for verdict in verdicts) else 0


def _check_alone(files: tuple[str, ...], reference: str, as_json: bool) -> int:
    from pilothouse.data.reading import expand
    from pilothouse.data.schema import infer_schema
    from pilothouse.monitoring.checks import check_file, is_sound

    if not files:
        raise UsageError("Name the files to check against the reference.")
    schema = infer_schema(expand(reference))
    checked = [(path, check_file(path, schema)) for text in files for path in expand(text)]

    def show() -> None:
        for path, findings in checked:
            status = "ok" if is_sound(findings) else "held"
            click.echo(f"{_sign(status)} {printable(path.name)}  {status}")
            for finding in findings:
                _tell(finding)

    told = [
        {
            "name": path.name,
            "status": "ok" if is_sound(findings) else "held",
            "findings": [_finding(finding) for finding in findings],
        }
        for path, findings in checked
    ]
    emit(told, as_json, show)
    return 0 if all(is_sound(findings) for _, findings in checked) else HELD


def _accept(store: Store, config: ModelConfig, files: tuple[str, ...], reason: str, as_json: bool) -> int:
    from pilothouse.monitoring.judging import accept_arrival

    if len(files) != 1:
        raise UsageError("Name one file to accept.")
    arrival = accept_arrival(store, config.name, Path(files[0]).name, reason=reason)
    told = {"name": arrival.name, "sha256": arrival.sha256, "status": arrival.status}
    emit(told, as_json, lambda: say(f"{arrival.name} is accepted."))
    return 0


def _sign(status: str) -> str:
    return "■" if status == "held" else "●"


def _clock(at: Any) -> str:
    return str(at.astimezone().strftime("%Y-%m-%d %H:%M"))


def _tell(finding: Finding) -> None:
    rows = "; ".join(
        f"row {row:,} has {'nothing' if value is None else printable(repr(value))}"
        for row, value in finding.examples
    )
    click.echo(f"    {finding.severity}: {printable(finding.message)}" + (f" ({rows})" if rows else ""))


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity,
        "column": finding.column,
        "message": finding.message,
        "rule": finding.rule,
        "count": finding.count,
        "examples": [example._asdict() for example in finding.examples],
    }


def _version_fields(found: DatasetVersion) -> dict[str, Any]:
    return {
        "version": found.version,
        "model": found.model,
        "created_at": found.created_at.isoformat(),
        "rows": found.rows,
        "bytes": found.bytes,
        "files": [file.name for file in found.files],
    }


def _verdict_fields(verdict: Verdict) -> dict[str, Any]:
    return {
        "name": verdict.name,
        "sha256": verdict.sha256,
        "status": verdict.status,
        "rows": verdict.rows,
        "findings": [_finding(finding) for finding in verdict.findings],
        "dataset_drift": verdict.report.dataset_drift if verdict.report else None,
    }


COMMANDS = (data, check, drift)
