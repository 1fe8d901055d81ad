"""Drift of a workspace's files, judged as the watcher would or looked at; and the reports that are kept."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilothouse.cli.check import nothing_stored
from pilothouse.cli.drift_alone import DRIFTED
from pilothouse.cli.drift_report import show_report, verdict_word, write_html
from pilothouse.cli.held import held_files
from pilothouse.cli.options import emit, say, table
from pilothouse.cli.waiting import progress_line
from pilothouse.errors import NotFoundError

if TYPE_CHECKING:
    from pilothouse.config import ModelConfig
    from pilothouse.monitoring.keeping_verdicts import Verdict
    from pilothouse.monitoring.reports import DriftReport
    from pilothouse.monitoring.verdicts import StoredReport
    from pilothouse.store import Store
    from pilothouse.workspace import Workspace

_ALIKE = ("copy", "own")
"""Rules of findings that say why a file was compared with nothing."""


def named(files: tuple[str, ...]) -> str | None:
    """What was named, in a few words; None for nothing."""
    if len(files) > 1:
        return f"{files[0]} and {len(files) - 1} more"
    return files[0] if files else None


def found_in(workspace: Workspace, config: ModelConfig, files: tuple[str, ...]) -> list[Path]:
    """Return the files that were named, wherever they lie, each once."""
    from pilothouse.monitoring.looking import landed_or_elsewhere

    folder = workspace.data_folder(config)
    return list(dict.fromkeys(path for text in files for path in landed_or_elsewhere(folder, text)))


def drift_of_files(
    workspace: Workspace, store: Store, config: ModelConfig, files: tuple[str, ...], html: str | None,
    exit_code: bool, as_json: bool,
) -> int:  # fmt: skip
    """Judge or look at files, or show the report of one that is gone; return the exit code."""
    from pilothouse.data.reading import DataError
    from pilothouse.monitoring.looking import judge_or_look_at_all
    from pilothouse.monitoring.verdicts import get_drift_report

    current = str(named(files))
    path = Path(current)
    in_folder = workspace.data_folder(config) / path.name
    if len(files) == 1 and not path.exists() and path.name == current and not in_folder.exists():
        try:
            found = get_drift_report(store, current, config.name)
        except NotFoundError:
            if not any(mark in current for mark in "*?["):
                raise NotFoundError(
                    f"There is no file {current} here or in {config.data.folder}, and no drift report of it.",
                    next="List the reports with `pilothouse drift`.",
                ) from None
        else:
            if html is not None:
                write_html(html, [(found.subject, found.report, "")], found.subject, found.reference)
            emit(
                _report_fields(found),
                as_json,
                lambda: show_report(found.report, found.subject, found.reference),
            )
            return DRIFTED if exit_code and found.report.alarming else 0
    paths = found_in(workspace, config, files)
    with progress_line() as progress:
        judged = judge_or_look_at_all(workspace, store, config, paths, progress)
    verdicts = [verdict for verdict, _ in judged]
    if looked_at := [path for path, (_, kept) in zip(paths, judged, strict=True) if not kept]:
        say(nothing_stored(looked_at))
    held = [verdict for verdict in verdicts if verdict.status == "held"]
    unseen = [verdict for verdict in held if verdict.look is None]
    if unseen and not any(verdict.report or verdict.look for verdict in verdicts):
        raise DataError(
            f"{unseen[0].name} is held back: {unseen[0].findings[0].message}",
            next=f"See all with `pilothouse check{f' {shlex.join(files)}' if looked_at else ''}`.",
        )
    for verdict in held:
        say(_held_back(verdict))
    if held:
        say(f"See all with `pilothouse check {shlex.join(files)}`.")
    reports = [verdict for verdict in verdicts if verdict.report or verdict.look]
    if not reports and (
        why := [one for verdict in verdicts for one in verdict.findings if one.rule in _ALIKE]
    ):
        raise NotFoundError(
            f"{verdicts[0].name} was compared with nothing. {why[0].message}", next=why[0].next
        )
    if not reports and any(verdict.reference for verdict in verdicts):
        unread = next(verdict for verdict in verdicts if verdict.reference)
        raise DataError(
            f"{unread.name} was accepted, but cannot be compared: {unread.findings[0].message}",
            next="Write the file again.",
        )
    if not reports:
        raise NotFoundError(
            "There is no reference to compare with yet.", next="Train a model first: `pilothouse train`."
        )

    shown = [(verdict, report) for verdict in reports if (report := verdict.report or verdict.look)]

    def show() -> None:
        for verdict, report in shown:
            show_report(report, verdict.name, verdict.reference, verdict=_held_word(verdict, report))

    if html is not None:
        parts = [(verdict.name, report, _note(verdict)) for verdict, report in shown]
        if held and len(shown) == 1:
            write_html(html, parts, current, reports[0].reference, held=held[0].findings)
        else:
            write_html(html, parts, current, reports[0].reference, [_held_back(one) for one in held])
    told = [_judged_fields(verdict, report) for verdict, report in shown]
    emit(told[0] if len(told) == 1 else told, as_json, show)
    drifted = any(report.alarming for _, report in shown)
    return DRIFTED if held or (exit_code and drifted) else 0


def _note(verdict: Verdict) -> str:
    return "held: a look" if verdict.status == "held" else ""


def _held_word(verdict: Verdict, report: DriftReport) -> str:
    """Sign and words for a held file; empty for any other."""
    if verdict.status != "held":
        return ""
    return f"■ held; a look: {verdict_word(report)}"


def _held_back(verdict: Verdict) -> str:
    """Say that a file is held, and why."""
    how = "Its drift is only looked at." if verdict.look is not None else "It is compared with nothing."
    return f"{verdict.name} is held back: {verdict.findings[0].message} {how}"


def list_reports(store: Store, config: ModelConfig, exit_code: bool, as_json: bool) -> int:
    """List the newest report of each file; return the exit code."""
    from pilothouse.monitoring.story import headline
    from pilothouse.monitoring.verdict_words import is_sound
    from pilothouse.monitoring.verdicts import held_names, list_drift_reports

    held = held_names(store, config.name)
    newest: dict[str, StoredReport] = {}
    for found in list_drift_reports(store, config.name, limit=10_000):
        if found.subject not in held:
            newest.setdefault(found.subject, found)
    reports = [newest[name] for name in sorted(newest)]

    def show() -> None:
        if not reports and not held:
            say("No file was compared yet. Do it with `pilothouse drift FILE`, or `pilothouse watch`.")
            return
        rows = [
            [
                found.subject,
                verdict_word(found.report),
                f"{len(found.report.drifted)} of {len(found.report.columns)}",
                f"{found.n_current:,}",
                "–" if is_sound(found.report) else headline(found.report),
            ]
            for found in reports
        ]
        if rows:
            table(["file", "verdict", "moved", "rows", "what changed"], rows, right=(2, 3), widest=110)
        for reference in sorted({found.reference for found in reports}):
            count = sum(found.reference == reference for found in reports)
            files = "1 file" if count == 1 else f"{count} files"
            say(f"{files} against {reference}.")
        if held:
            say(f"{held_files(held)} left out. `pilothouse drift FILE` looks at one.")

    emit([_report_fields(found) for found in reports], as_json, show)
    return DRIFTED if exit_code and any(found.report.alarming for found in reports) else 0


def _judged_fields(verdict: Verdict, report: DriftReport) -> dict[str, Any]:
    told = {"subject": verdict.name, "reference": verdict.reference, **report.to_dict()}
    return {**told, "status": "held"} if verdict.status == "held" else told


def _report_fields(found: StoredReport) -> dict[str, Any]:
    return {
        "report_id": found.report_id,
        "subject": found.subject,
        "reference": found.reference,
        "judged_at": found.at.isoformat(),
        **found.report.to_dict(),
    }
