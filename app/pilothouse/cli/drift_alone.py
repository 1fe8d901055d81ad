"""Drift between files, or between files and a saved profile: no workspace is needed."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pilothouse.cli.drift_report import chunk_fields, show_chunks, show_report, write_html
from pilothouse.cli.options import emit, say
from pilothouse.cli.waiting import progress_line
from pilothouse.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pilothouse.monitoring.filedrift import Wishes
    from pilothouse.monitoring.reference import Reference
    from pilothouse.workspace import Workspace

_LEFT = "Nothing is stored of it, and no file was changed."
DRIFTED = 1
"""Exit code with --exit-code."""


def drift_alone(
    files: Sequence[str],
    current: str | None,
    reference: str,
    wishes: Wishes,
    *,
    chunk: str | None,
    time: str | None,
    joint: tuple[str, ...],
    save_profile: str | None,
    html: str | None,
    exit_code: bool,
    as_json: bool,
    cache: Workspace | None,
    include: tuple[str, ...] = (),
) -> int:
    """Compare files, told as `current`, with a reference that was named; return the exit code."""
    from dataclasses import replace

    from pilothouse.monitoring.chunks import PERIODS
    from pilothouse.monitoring.filedrift import require_columns, without_empty
    from pilothouse.monitoring.references_kept import open_reference_once
    from pilothouse.processes import write_atomic

    # A column of moments that is not compared may still be the one to cut by.
    whole = chunk in PERIODS and save_profile is None
    opened = replace(wishes, exclude=()) if whole else wishes
    with progress_line(_LEFT) as progress:
        found = open_reference_once(reference, opened, cache, progress, to_save=save_profile is not None)
    require_columns([column.name for column in found.schema.columns], *(wishes.exclude if whole else ()))
    if save_profile is not None:
        from pathlib import Path

        write_atomic(Path(save_profile), found.profile.to_json())
        say(f"The profile of {reference} is in {save_profile}; name it as --reference next time.")
    if current is None:
        if save_profile is not None:
            return 0
        raise UsageError(
            "Name what to compare with the reference: pilothouse drift CURRENT --reference REFERENCE."
        )
    from pilothouse.data.reading import expand

    if joint and found.profile is not None and not found.sources:
        raise UsageError(
            "--multivariate needs the reference's rows, and a profile has none.",
            next="Name the reference's data files.",
        )
    paths = list(dict.fromkeys(path for text in files for path in expand(text)))
    paths, empty = without_empty(paths)

    if ids := _ids(found, paths, wishes, include):
        wishes = replace(wishes, exclude=(*wishes.exclude, *ids))
    return compare_and_show(
        found, paths, current, wishes, chunk=chunk, time=time, joint=joint, html=html,
        exit_code=exit_code, as_json=as_json, said=empty,
    )  # fmt: skip


def _ids(found: Reference, paths: list[Path], wishes: Wishes, include: tuple[str, ...]) -> list[str]:
    """Return the columns that look like ids and that nobody wants compared, and say so."""
    from pilothouse.monitoring.filedrift import require_columns
    from pilothouse.monitoring.id_like import id_like

    require_columns([column.name for column in found.profile.columns], *include)
    with progress_line(_LEFT) as progress:
        ids = id_like(found, paths, {*wishes.exclude, wishes.target, *include}, progress)
    for name in ids:
        say(f"`{name}` looks like an id: left out; --include {shlex.quote(name)} compares it.")
    return ids


def declared(
    workspace: Workspace, model: str | None, reference: str, target: str | None
) -> tuple[tuple[str, ...], str | None]:
    """Return which columns of the reference are no features and which is the target, as the configuration of
    the workspace around it declares; nothing where its model is not clear or the columns are others."""
    from pathlib import Path

    from pilothouse.data.engine import connect
    from pilothouse.data.reading import describe, expand
    from pilothouse.monitoring.judging import no_features

    models = workspace.config().models
    if Path(reference).suffix.lower() == ".json" or (model is None and len(models) > 1):
        return (), target
    config = workspace.config().model(model)
    with connect() as con:
        names = describe(con, expand(reference)[0])
    left = tuple(name for name in no_features(config) if name in names and name != target)
    if left:
        say(f"Left out, since pilothouse.toml says so: {', '.join(left)}. --exclude names others.")
    return left, target or (config.target if config.target in names else None)


def compare_and_show(
    reference: Reference,
    paths: list[Path],
    current: str,
    wishes: Wishes,
    *,
    chunk: str | None,
    time: str | None,
    joint: tuple[str, ...],
    html: str | None,
    exit_code: bool,
    as_json: bool,
    said: Sequence[str] = (),
) -> int:
    """Compare files with an opened reference and print what was found, after what was `said` of them already;
    return the exit code."""
    from dataclasses import replace

    from pilothouse.monitoring.chunks import compare_chunks
    from pilothouse.monitoring.filedrift import compare_files
    from pilothouse.monitoring.joint import compare_jointly

    if chunk is not None:
        if joint:
            raise UsageError("--multivariate does not go with --chunk.")
        with progress_line(_LEFT) as progress:
            chunks, notes = compare_chunks(reference, paths, chunk, wishes, time=time, progress=progress)
        notes = [*said, *notes]
        if html is not None:
            parts = [(part.label, part.report, part.note) for part in chunks]
            write_html(html, parts, current, reference.label, notes)
        emit(
            chunk_fields(chunks, notes, chunk), as_json,
            lambda: show_chunks(chunks, notes, current, reference.label),
        )  # fmt: skip
        return DRIFTED if exit_code and any(part.report.alarming for part in chunks) else 0
    with progress_line(_LEFT) as progress:
        report = compare_files(reference, paths, wishes, progress)
        report = replace(report, notes=(*said, *report.notes))
        if joint:
            left = replace(wishes, exclude=(*wishes.exclude, *report.unreadable))
            measured = compare_jointly(reference, paths, left, joint, progress)
            report = replace(report, multivariate=measured)
    if html is not None:
        write_html(html, [(current, report, "")], current, reference.label)
    emit(report.to_dict(), as_json, lambda: show_report(report, current, reference.label))
    return DRIFTED if exit_code and report.alarming else 0
