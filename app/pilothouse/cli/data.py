"""Commands about data: data, drift."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pilothouse.cli.check import finding_fields
from pilothouse.cli.data_file import show_file
from pilothouse.cli.data_showing import clock, kept_in_words
from pilothouse.cli.drift import drift
from pilothouse.cli.options import emit, json_option, printable, say, table
from pilothouse.errors import NotFoundError, UsageError
from pilothouse.workspace import Workspace, find_workspace

if TYPE_CHECKING:
    from pilothouse.data.keeping import Condition
    from pilothouse.data.usage import Usage, VersionUse
    from pilothouse.data.versions import DatasetVersion
    from pilothouse.monitoring.columns import ColumnProfile
    from pilothouse.store import Store


@click.command()
@click.argument("words", nargs=-1, metavar="[VERSION | FILE | profile WHAT | diff A B]")
@click.option("--model", help="The model, where there are several.")
@click.option("--workspace", metavar="DIR", help="The workspace; by default the one around this folder.")
@json_option
def data(words: tuple[str, ...], model: str | None, workspace: str | None, as_json: bool) -> None:
    """List dataset versions and the files that landed; show, profile or compare versions and files.

    \b
      pilothouse data                       versions, and the files that were judged
      pilothouse data VERSION               its files and columns, and who used it
      pilothouse data FILE                  a file that landed: findings, and who learned from it
      pilothouse data profile WHAT          what each column holds
      pilothouse data diff A B              files, rows, columns and distributions

    A version is named by the start of its name, or as latest, latest~1 and so on. WHAT, A and B may be
    files, folders or patterns too, and then need no workspace.
    """
    act, *named = words or ("list",)
    wanted = {"list": 0, "show": 1, "profile": 1, "diff": 2}
    if act not in wanted:
        act, named = "show", list(words)
    if len(named) != wanted[act]:
        count = ("nothing more", "one version or file", "two versions or files")[wanted[act]]
        usage = {"list": "", "show": " VERSION", "profile": " profile WHAT", "diff": " diff A B"}[act]
        raise UsageError(f"`data {act}` takes {count}.", next=f"Write `pilothouse data{usage}`.")
    if act == "diff":
        _diff(named[0], named[1], model, workspace, as_json)
    elif act == "profile":
        _profile(named[0], model, workspace, as_json)
    else:
        found = find_workspace(Path(workspace) if workspace else None)
        if act == "show" and Path(named[0]).suffix:
            show_file(found, named[0], model, as_json)
        elif act == "show":
            _show_version(found, named[0], model, as_json)
        else:
            _list(found, model, as_json)


def _list(workspace: Workspace, model: str | None, as_json: bool) -> None:
    from pilothouse.data.versions import conditions, list_dataset_versions
    from pilothouse.monitoring.verdicts import list_arrivals
    from pilothouse.store import open_store

    store = open_store(workspace)
    config = workspace.config().model(model)
    versions = list_dataset_versions(store, config.name)
    kept = conditions(workspace, versions)
    arrivals = list_arrivals(store, config.name)
    told = {
        "model": config.name,
        "folder": str(workspace.data_folder(config)),
        "versions": [
            {**_version_fields(found), "kept": _kept_fields(kept[found.version])} for found in versions
        ],
        "files": [
            {
                "name": arrival.name,
                "sha256": arrival.sha256,
                "status": arrival.status,
                "rows": arrival.rows,
                "judged_at": arrival.at.isoformat(),
                "findings": [finding_fields(finding) for finding in arrival.findings],
            }
            for arrival in arrivals
        ],
    }

    def show() -> None:
        if versions:
            table(
                ["dataset", "made", "files", "rows", "MB", "kept"],
                [
                    [
                        v.version,
                        clock(v.created_at),
                        len(v.files),
                        f"{v.rows:,}",
                        f"{v.bytes / 1e6:,.1f}",
                        kept_in_words(kept[v.version].values()),
                    ]
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
                    [a.name, clock(a.at), f"{a.rows:,}", a.status, "; ".join(f.message for f in a.findings)]
                    for a in arrivals
                ],
                right=(2,),
            )

    emit(told, as_json, show)


def _around(workspace: str | None, model: str | None) -> tuple[Workspace | None, Store | None, Any]:
    """Return the workspace, its store and the model's configuration, where there is a workspace."""
    from pilothouse.store import open_store

    try:
        found = find_workspace(Path(workspace) if workspace else None)
    except NotFoundError:
        if workspace or model:
            raise
        return None, None, None
    models = found.config().models
    config = found.config().model(model) if model or len(models) == 1 else None
    return found, open_store(found), config


def _diff(a: str, b: str, model: str | None, workspace: str | None, as_json: bool) -> None:
    from pilothouse.cli.data_showing import show_diff
    from pilothouse.cli.waiting import progress_line
    from pilothouse.monitoring.dataset_diff import diff_datasets
    from pilothouse.monitoring.judging import no_features

    found, store, config = _around(workspace, model)
    with progress_line() as progress:
        diff = diff_datasets(
            found, store, a, b, model=config.name if config else None,
            target=config.target if config else None, exclude=no_features(config) if config else (),
            progress=progress,
        )  # fmt: skip
    emit(diff.to_dict(), as_json, lambda: show_diff(diff))


def _profile(what: str, model: str | None, workspace: str | None, as_json: bool) -> None:
    from dataclasses import asdict

    from pilothouse.cli.data_showing import show_descriptions
    from pilothouse.cli.waiting import progress_line
    from pilothouse.data.versions import dataset_paths
    from pilothouse.monitoring.dataset_diff import open_side
    from pilothouse.monitoring.describing import describe_files
    from pilothouse.monitoring.patience import part_of

    found, store, config = _around(workspace, model)
    with progress_line() as progress:
        begun = part_of(progress, 0, 0.4, "")
        side = open_side(found, store, what, config.name if config else None, begun)
        sources = dataset_paths(found, side.version) if found and side.version else side.sources
        columns = describe_files(sources, side.schema, part_of(progress, 0.4, 1, ""))
    told = {
        "name": side.label,
        "rows": side.rows,
        "files": [asdict(file) for file in side.files],
        "columns": [asdict(column) for column in columns],
    }

    def show() -> None:
        count = "1 file" if len(side.files) == 1 else f"{len(side.files)} files"
        click.echo(f"{printable(side.label)}  {side.rows:,} rows in {count}, {len(columns)} columns")
        click.echo()
        show_descriptions(columns)

    emit(told, as_json, show)


def _show_version(workspace: Workspace, ref: str, model: str | None, as_json: bool) -> None:
    from dataclasses import asdict

    from pilothouse.data.reading import DataError
    from pilothouse.data.usage import used_by
    from pilothouse.data.versions import conditions
    from pilothouse.monitoring.dataset_diff import find_version
    from pilothouse.monitoring.reference import profile_of
    from pilothouse.monitoring.wording import number, percent
    from pilothouse.store import open_store

    store = open_store(workspace)
    found = find_version(store, ref, model)
    kept = conditions(workspace, [found])[found.version]
    # Without its bytes, what is known of a version is still of use.
    profile: tuple[ColumnProfile, ...] = ()
    trouble = ""
    try:
        profile = profile_of(workspace, store, found).columns
    except DataError as error:
        trouble = str(error)
    used = used_by(store, found.version)
    told = {
        **_version_fields(found),
        "files": [
            {**asdict(file), "kept": kept_in_words([kept[file.name]]), "sound": kept[file.name].sound}
            for file in found.files
        ],
        "schema": [asdict(column) for column in found.schema.columns],
        "profile": [asdict(column) for column in profile],
        "trouble": trouble,
        "runs": [asdict(run) for run in used.runs],
        "model_versions": [asdict(version) for version in used.model_versions],
    }

    def show() -> None:
        click.echo(f"dataset {found.version}  {found.rows:,} rows in {len(found.files)} files")
        rows = []
        for column in profile:
            if column.kind == "numeric" and column.mean is not None:
                ends = f"{number(float(column.min or 0))} to {number(float(column.max or 0))}"
                shown = f"{ends}, mean {number(column.mean)}"
            elif column.levels:
                shown = f"{column.distinct:,} values: {', '.join(column.levels[:4])}"
            else:
                shown = f"{column.min} to {column.max}" if column.min is not None else ""
            missing = percent(column.missing / column.rows) if column.rows else ""
            rows.append([column.name, column.type, column.kind, missing, shown])
        if not profile:
            rows = [[column.name, column.type, column.kind, "", ""] for column in found.schema.columns]
        table(["column", "type", "kind", "missing", "values"], rows, right=(3,))
        click.echo()
        table(
            ["file", "rows", "MB", "sha256", "kept"],
            [
                [
                    file.name,
                    f"{file.rows:,}",
                    f"{file.bytes / 1e6:,.1f}",
                    file.sha256[:12],
                    kept_in_words([kept[file.name]]),
                ]
                for file in found.files
            ],
            right=(1, 2),
        )
        if trouble:
            click.echo()
            say(trouble)
        _show_usage(used)

    emit(told, as_json, show)


def _show_usage(used: Usage) -> None:
    click.echo()
    if not used.runs and not used.model_versions:
        click.echo("No run and no model version used it.")
        return
    made = {one.run_id: one for one in used.model_versions}
    rows: list[list[str]] = []
    for run in used.runs:
        version = made.pop(run.run_id, None)
        status = f"{run.status}, in the trash" if run.trashed else run.status
        rows.append([run.run_id[:12], run.name, status, _version_words(version)])
    rows += [["", "", "", _version_words(version)] for version in made.values()]
    table(["used by run", "name", "status", "made"], rows)


def _version_words(version: VersionUse | None) -> str:
    if version is None:
        return ""
    return f"{version.model} v{version.version}" + "".join(f" @{alias}" for alias in version.aliases)


def _kept_fields(kept: dict[str, Condition]) -> dict[str, Any]:
    return {
        "links": sum(one.shared for one in kept.values()),
        "copies": sum(not one.shared and not one.gone for one in kept.values()),
        "unsound": sorted(name for name, one in kept.items() if not one.sound),
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


COMMANDS = (data, drift)
