"""The command that says whether files are fit to learn from: check."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pilothouse.cli.options import emit, json_option, printable, say
from pilothouse.cli.waiting import progress_line
from pilothouse.errors import UsageError
from pilothouse.workspace import Workspace, find_workspace

if TYPE_CHECKING:
    from pilothouse.config import ModelConfig
    from pilothouse.monitoring.checks import Finding
    from pilothouse.monitoring.keeping_verdicts import Verdict
    from pilothouse.store import Store

HELD = 1
"""Exit code: a file is not fit to learn from."""


@click.command()
@click.argument("files", nargs=-1)
@click.option("--reference", help="A file, folder or pattern to check against; then no workspace is needed.")
@click.option("--model", help="The model, where there are several.")
@click.option("--accept", is_flag=True, help="Take one held FILE in, in spite of what was found.")
@click.option("--hold", is_flag=True, help="Take the acceptance of one FILE back: it is held again.")
@click.option("--reason", default="", help="Why it is accepted or held again, for the audit trail.")
@click.option("--workspace", metavar="DIR", help="The workspace; by default the one around this folder.")
@json_option
def check(
    files: tuple[str, ...],
    reference: str | None,
    model: str | None,
    accept: bool,
    hold: bool,
    reason: str,
    workspace: str | None,
    as_json: bool,
) -> int:
    """Check FILES (by default the whole data folder) and say what is wrong with them.

    A file that landed in the data folder is judged as the watcher would: what was found, how it compares with
    the reference, and an event are stored. What the reference was made of is checked, but not compared with
    itself. A file from elsewhere is only looked at. Exits with 1 if a file is not fit to learn from.
    """
    from pilothouse.data.reading import require_data_files

    if accept and hold:
        raise UsageError("--accept and --hold are opposites: name one of them.")
    if reference is not None:
        return _check_alone(files, reference, as_json)
    found = find_workspace(Path(workspace) if workspace else None)
    config = found.config().model(model)
    from pilothouse.store import open_store

    store = open_store(found)
    if accept:
        return _accept(found, store, config, files, reason, as_json)
    if hold:
        return _hold(store, config, files, reason, as_json)
    from pilothouse.monitoring.looking import judge_or_look_at_all, landed_or_elsewhere

    folder = found.data_folder(config)
    paths = [path for text in files for path in landed_or_elsewhere(folder, text)]
    paths = paths or require_data_files(folder)

    with progress_line() as progress:
        judged = judge_or_look_at_all(found, store, config, paths, progress)
    looked_at = [path for path, (_, kept) in zip(paths, judged, strict=True) if not kept]
    if looked_at:
        say(nothing_stored(looked_at))

    def show() -> None:
        for verdict, _ in judged:
            click.echo(
                f"{_sign(verdict.status)} {printable(verdict.name)}  {verdict.rows:,} rows  {verdict.status}"
            )
            _tell_all(verdict.findings)

    emit(
        [{**_verdict_fields(verdict), "stored": kept and verdict.stored} for verdict, kept in judged],
        as_json,
        show,
    )
    return HELD if any(verdict.status == "held" for verdict, _ in judged) else 0


def nothing_stored(paths: Sequence[Path]) -> str:
    """Say that files which did not land were only looked at."""
    what = f"{paths[0].name} is" if len(paths) == 1 else f"{len(paths)} of the files are"
    return f"A look: {what} not in the data folder, nothing is stored."


def _check_alone(files: tuple[str, ...], reference: str, as_json: bool) -> int:
    from pilothouse.data.reading import expand
    from pilothouse.monitoring.checks import check_file, is_sound
    from pilothouse.monitoring.filedrift import schema_of
    from pilothouse.monitoring.patience import each_of, part_of
    from pilothouse.monitoring.profile import profile_files
    from pilothouse.monitoring.quality.suggesting import suggest_rules

    if not files:
        raise UsageError("Name the files to check against the reference.")
    known = expand(reference)
    paths = [path for text in files for path in expand(text)]
    with progress_line("Nothing is stored of a look, and no file was changed.") as progress:
        whole = [path.stat().st_size for path in (*known, *paths)]
        share = sum(whole[: len(known)]) / max(1, sum(whole))
        schema = schema_of(known, part_of(progress, 0, share / 2, "reference"))
        profile = profile_files(known, schema, progress=part_of(progress, share / 2, share, "reference"))
        rules = suggest_rules(profile)
        rest = part_of(progress, share, 1, "")
        checked = [
            (path, check_file(path, schema, rules=rules, progress=part))
            for path, part in each_of(rest, paths)
        ]

    def show() -> None:
        for path, findings in checked:
            status = "ok" if is_sound(findings) else "held"
            click.echo(f"{_sign(status)} {printable(path.name)}  {status}")
            _tell_all(findings)

    told = [
        {
            "name": path.name,
            "status": "ok" if is_sound(findings) else "held",
            "findings": [finding_fields(finding) for finding in findings],
        }
        for path, findings in checked
    ]
    emit(told, as_json, show)
    return 0 if all(is_sound(findings) for _, findings in checked) else HELD


def _accept(
    workspace: Workspace,
    store: Store,
    config: ModelConfig,
    files: tuple[str, ...],
    reason: str,
    as_json: bool,
) -> int:
    from pilothouse.cli.drift_report import verdict_word
    from pilothouse.monitoring.accepting import accept_file
    from pilothouse.monitoring.file_reports import find_file_report
    from pilothouse.monitoring.quality.adapting import what_would_adapt

    if len(files) != 1:
        raise UsageError("Name one file to accept.")
    arrival = accept_file(workspace, store, config, Path(files[0]).name, reason=reason)
    report = find_file_report(store, config.name, arrival.name).stored
    told = {
        "name": arrival.name,
        "sha256": arrival.sha256,
        "status": arrival.status,
        "dataset_drift": report.dataset_drift if report else None,
        "target_drifted": report.report.target_drifted if report else None,
    }
    changed = what_would_adapt(workspace, store, config, arrival.name)

    def show() -> None:
        say(f"{arrival.name} is accepted.")
        say(f"  pilothouse check {shlex.quote(arrival.name)} --hold    takes that back")
        if report is not None:
            say(f"Against {report.reference}: {verdict_word(report.report)}. `pilothouse drift` shows more.")
        if changed:
            say("The next file like it will be held again. To have the schema allow it:")
            say(f"  pilothouse schema accept {shlex.quote(arrival.name)}")
            for line in changed:
                say(f"    {line}")

    emit({**told, "schema_would_change": list(changed)}, as_json, show)
    return 0


def _hold(store: Store, config: ModelConfig, files: tuple[str, ...], reason: str, as_json: bool) -> int:
    from pilothouse.monitoring.verdicts import hold_arrival

    if len(files) != 1:
        raise UsageError("Name one file to hold again.")
    arrival = hold_arrival(store, config.name, Path(files[0]).name, reason=reason)
    told = {"name": arrival.name, "sha256": arrival.sha256, "status": arrival.status}

    def show() -> None:
        say(f"{arrival.name} is held again: the next training and dataset version leave it out,")
        say(f"whatever its checks say, until `pilothouse check {shlex.quote(arrival.name)} --accept`.")
        say("Dataset versions and model versions that were made with it stay as they are.")

    emit(told, as_json, show)
    return 0


def _sign(status: str) -> str:
    return {"held": "■", "copy": "○"}.get(status, "●")


def _tell_all(findings: Sequence[Finding]) -> None:
    from pilothouse.monitoring.quality.telling import finding_lines

    for line in finding_lines(findings):
        click.echo(printable(line))


def finding_fields(finding: Finding) -> dict[str, Any]:
    """Return a finding under the names that JSON has."""
    return {
        "severity": finding.severity,
        "column": finding.column,
        "message": finding.message,
        "rule": finding.rule,
        "count": finding.count,
        "examples": [example._asdict() for example in finding.examples],
        "next": finding.next,
    }


def _verdict_fields(verdict: Verdict) -> dict[str, Any]:
    return {
        "name": verdict.name,
        "sha256": verdict.sha256,
        "status": verdict.status,
        "rows": verdict.rows,
        "findings": [finding_fields(finding) for finding in verdict.findings],
        "dataset_drift": verdict.report.dataset_drift if verdict.report else None,
        "target_drifted": verdict.report.target_drifted if verdict.report else None,
    }


COMMANDS = (check,)
