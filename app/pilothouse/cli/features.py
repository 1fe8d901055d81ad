"""Commands of features: features, skew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pilothouse.cli.held import expand_without_held, leave_out_held
from pilothouse.cli.options import emit, json_option, number, printable, say, table, workspace_option
from pilothouse.workspace import Workspace

if TYPE_CHECKING:
    from pilothouse.registry.feature_changes import FeatureChanges

_model_option = click.option("--model", metavar="NAME", help="The model, where there are several.")


@click.command()
@_model_option
@click.option("--rows", type=click.IntRange(1), default=1000, show_default=True, help="Rows to try them on.")
@workspace_option
@json_option
def features(model: str | None, rows: int, workspace: Workspace, as_json: bool) -> None:
    """List the feature views, and try them on rows of the data.

    A view is a file features/NAME.sql with one SELECT from rows, and from tables that are declared under
    features.tables. It must give each row one row, the same one if the row is alone, and must not look past
    the row's own time.

    \b
    A table is declared in pilothouse.toml; each of its rows counts from its time on:
      [features.tables]
      tier = { file = "tables/tier.csv", time = "valid_from" }
    and joined as it was at the time of a row:
      SELECT t.tier FROM rows r ASOF LEFT JOIN tier t
      ON r.customer_id = t.customer_id AND r.signed_up >= t.valid_from

    A server that runs looks twice a second whether the file of a table has changed.
    """
    from pilothouse.data.features.checking import check_features
    from pilothouse.data.features.opening import open_features
    from pilothouse.data.inferring import infer_schema
    from pilothouse.data.reading import read_rows, require_data_files
    from pilothouse.registry.feature_changes import feature_changes
    from pilothouse.store import open_store

    config = workspace.config().model(model)
    store = open_store(workspace)
    since = feature_changes(workspace, store, config)
    there = require_data_files(workspace.data_folder(config))
    files = leave_out_held(store, config.name, there)
    schema = infer_schema(files)
    runner = open_features(workspace, config, schema)
    if runner is None:
        emit(
            {"views": [], "tables": [], "features": [], "changed_since": _since(since)},
            as_json,
            lambda: say(
                since.words()
                if since is not None and since.any
                else f"There are no feature views. Write one as {config.features.folder}/NAME.sql."
            ),
        )
        return
    some = read_rows(files[-1:], schema=schema).head(rows)
    found = check_features(runner, some, config.data.time)
    definition = runner.definition
    told: dict[str, Any] = {
        "views": [
            {"view": view.name, "features": [one.name for one in definition.outputs if one.view == view.name]}
            for view in definition.views
        ],
        "tables": [
            {
                "table": name,
                "file": one.file,
                "time": one.time,
                **_written(workspace, config.name, name, one.file),
            }
            for name, one in definition.tables.items()
        ],
        "reads": [one.name for one in definition.inputs],
        "rows": len(some),
        "changed_since": _since(since),
        "left_out": [path.name for path in there if path not in files],
        "features": [
            {
                "feature": one.name,
                "view": one.view,
                "type": one.type,
                "missing": float(found[one.name].isna().mean()),
                "distinct": int(found[one.name].nunique()),
                "example": _example(found[one.name]),
            }
            for one in definition.outputs
        ],
    }

    def show() -> None:
        if since is not None and since.any:
            say(f"▲ {since.words()}")
        lines = [
            [
                one["feature"],
                one["type"],
                one["view"],
                f"{one['missing']:.1%}",
                str(one["distinct"]),
                _shown(one["example"]),
            ]
            for one in told["features"]
        ]
        table(["feature", "type", "view", "missing", "distinct", "example"], lines, right=(3, 4))
        say(f"They read {', '.join(told['reads'])}; tried on {len(some):,} rows of {files[-1].name}.")
        for one in told["tables"]:
            say(_told_table(one))
        untimed = [name for name, one in definition.tables.items() if one.time is None]
        if untimed or config.data.time is None:
            why = f"{untimed[0]!r} has no time" if untimed else "data.time is not set"
            say(f"Whether they look into the future could not be tried: {why}.")

    emit(told, as_json, show)


@click.command()
@_model_option
@click.option("--version", "ref", metavar="VERSION", help="Whose predictions; by default what is live.")
@click.option("--data", metavar="PATH", help="Files with the rows that were predicted, found by their id.")
@click.option("--limit", type=click.IntRange(1), default=10_000, show_default=True, help="Newest so many.")
@click.option("--exit-code", is_flag=True, help="End with 1 where there is skew.")
@workspace_option
@json_option
def skew(
    model: str | None,
    ref: str | None,
    data: str | None,
    limit: int,
    exit_code: bool,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Measure training-serving skew: features as they were served, and the same computed offline."""
    from pilothouse.registry.feature_changes import feature_changes, tables_of
    from pilothouse.registry.versions import CHAMPION, get_version
    from pilothouse.serving.skew import measure_skew, told_empty
    from pilothouse.store import open_store

    store = open_store(workspace)
    config = workspace.config().model(model)
    version = get_version(store, ref or CHAMPION, config.name)
    sources = expand_without_held(store, config.name, [data]) if data else ()
    report = measure_skew(store, version, config, sources=sources, limit=limit)
    since = feature_changes(workspace, store, config, version.version)
    tables = [
        {"table": name, "file": one.file, "time": None, **_written(workspace, config.name, name, one.file)}
        for name, one in tables_of(version.path).items()
    ]

    def show() -> None:
        if since is not None and since.any:
            say(f"▲ {since.words()}")
        rows = [
            [
                one.feature,
                f"{one.differing:,}",
                f"{one.share:.1%}",
                number(one.largest),
                f"{one.empty / one.rows:.1%}",
                "; ".join(
                    f"{_shown(served)} served, {_shown(offline)} offline"
                    for _, served, offline in one.examples[:1]
                ),
            ]
            for one in (*report.skewed, *(one for one in report.features if not one.differing))
        ]
        heads = ["feature", "differing", "share", "largest", "both empty", "for example"]
        table(heads, rows, right=(1, 2, 3, 4))
        say(
            f"{version.label}: {_differ(len(report.skewed), len(report.features))}"
            f" over {report.rows:,} predictions."
        )
        if report.mostly_empty:
            say(f"▲ {printable(told_empty(report), 400)} That these agree says nothing.")
        for one in tables:
            say(_told_table(one))
        if report.unmatched:
            say(f"{report.unmatched:,} predictions have no row in these files.")

    emit({**report.to_json(), "changed_since": _since(since)}, as_json, show)
    if exit_code and report.skewed:
        raise click.exceptions.Exit(1)


def _differ(count: int, among: int) -> str:
    if among == 1:
        return f"its one feature {'differs' if count else 'does not differ'}"
    return f"{count or 'none'} of its {among} features {'differs' if count < 2 else 'differ'}"


def _written(workspace: Workspace, model: str, name: str, file: str) -> dict[str, str | None]:
    """When the file of a table was written, and the one that a server which runs answers by."""
    from pilothouse.serving.status import server_status
    from pilothouse.serving.tables import written_at

    server = server_status(workspace)
    mine = server if server is not None and server.model == model else None
    return {
        "written": written_at(workspace.root / file) or None,
        "served": mine.tables.get(name) if mine is not None else None,
    }


def _told_table(table: dict[str, Any]) -> str:
    """Say how old a table is, and whether the server has it as it is."""
    since = f", each row from its {table['time']} on" if table.get("time") else ""
    said = f"Table {table['table']}: {table['file']}{since}"
    said += f", written {_clock(table['written'])}" if table["written"] else ", which is not there"
    if table["served"] is None:
        return printable(f"{said}.", 400)
    if table["served"] == table["written"]:
        return printable(f"{said}; the server answers by it.", 400)
    return printable(f"{said}; the server still answers by that of {_clock(table['served'])}.", 400)


def _clock(moment: str) -> str:
    from datetime import datetime

    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M:%S}"


def _since(since: FeatureChanges | None) -> dict[str, Any] | None:
    """How the files differ from what a version serves; None where they do not."""
    if since is None or not since.any:
        return None
    return {
        "version": since.version,
        "changed": list(since.changed),
        "new": list(since.new),
        "gone": list(since.gone),
        "tables": list(since.tables),
    }


def _shown(value: Any) -> str:
    return "nothing" if value is None else printable(str(value), 20)


def _example(column: Any) -> Any:
    present = column.dropna()
    if present.empty:
        return None
    value = present.iloc[0]
    return value if isinstance(value, bool | int | float | str) else str(value)


COMMANDS = [features, skew]
