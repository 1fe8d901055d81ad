"""Commands of the server: serve, predict."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pilothouse.cli.options import emit, json_option, number, printable, say, table, workspace_option
from pilothouse.errors import PilothouseError, UsageError
from pilothouse.workspace import Workspace

if TYPE_CHECKING:
    from pilothouse.serving.fate import ServerNow
    from pilothouse.serving.status import ServerStatus

_model_option = click.option("--model", metavar="NAME", help="The model, where there are several.")
_CHUNK = 1000


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="0 for any free one; by default serving.port.")
@_model_option
@click.option("--detach", is_flag=True, help="Return once it answers; it goes on without this terminal.")
@click.option("--stop", is_flag=True, help="Stop the server that runs.")
@click.option("--status", is_flag=True, help="Show the server that runs.")
@workspace_option
@json_option
def serve(
    port: int | None,
    model: str | None,
    detach: bool,
    stop: bool,
    status: bool,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Answer predictions of what is live over HTTP, on this machine only.

    POST /invocations takes MLflow's forms and CSV. Every promote and rollback is followed without a dropped
    request, and every prediction is logged.
    """
    if detach + stop + status > 1:
        raise UsageError("--detach, --stop and --status cannot be combined.")
    from pilothouse.serving.control import start_server, stop_server
    from pilothouse.serving.fate import server_now

    if stop:
        lost = server_now(workspace).lost
        stopped = stop_server(workspace)
        none = f"No server runs. {_told_lost(lost)} It counts as stopped now." if lost else "No server runs."
        emit({"stopped": stopped}, as_json, lambda: say("The server stopped." if stopped else none))
        return
    if status:
        now = server_now(workspace)
        found = now.status or now.lost
        emit(found.to_json() if found else None, as_json, lambda: _show_status(now))
        if now.status is None:
            raise click.exceptions.Exit(1)
        return
    if detach:
        started = start_server(workspace, port=port, model=model)
        assert started is not None
        emit(started.to_json(), as_json, lambda: _say_started(started))
        return
    from pilothouse.serving.server import run_server

    run_server(
        workspace, port=port, model=model, say=lambda text: say(f"{text}/invocations; Ctrl+C stops it.")
    )


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, allow_dash=True))
@_model_option
@click.option("--limit", type=click.IntRange(1), help="Only the first rows of the file.")
@workspace_option
@json_option
def predict(
    file: Path | None, model: str | None, limit: int | None, workspace: Workspace, as_json: bool
) -> None:
    """Predict the rows of FILE, or of JSON on standard input, with what is live.

    The server answers if it runs, and logs it; else the champion is loaded here. Columns of a FILE that the
    model does not take are left out.
    """
    from pilothouse.monitoring.predicted_rows import told_known_rows
    from pilothouse.serving import control
    from pilothouse.serving.records import records_of_file, records_of_json
    from pilothouse.serving.requests import told_left_out

    if file is None or str(file) == "-":
        if sys.stdin.isatty():
            raise UsageError("There are no rows.", next="Name a FILE, or send JSON on standard input.")
        records = records_of_json(sys.stdin.read())[:limit]
    else:
        records, left_out = records_of_file(file, control.input_signature(workspace, model=model), limit)
        if left_out:
            say(told_left_out(left_out))
        if not records:
            raise PilothouseError(f"{file} has no rows.")
    learned = _learned(workspace, model, records)
    answers = [
        control.predict(workspace, records[start : start + _CHUNK], model=model)
        for start in range(0, len(records), _CHUNK)
    ]
    whole: dict[str, Any] = {
        **answers[-1],
        "predictions": [one for part in answers for one in part["predictions"]],
    }
    if "probabilities" in whole:
        whole["probabilities"] = [one for part in answers for one in part["probabilities"]]

    whole["learned"] = learned

    def show() -> None:
        likely, classes = whole.get("probabilities"), whole.get("classes")
        rows = [
            [index + 1, printable(value), *([_probability(likely[index], classes)] if likely else [])]
            for index, value in enumerate(whole["predictions"])
        ]
        table(
            ["row", "prediction", *(["probability"] if likely else [])],
            rows,
            right=(0,) if classes else (0, 2),
        )
        for said in (whole.get("left_out"), whole.get("trouble")):
            if said:
                say(printable(said, 1000))
        how = "the server" if whole["served"] else "loaded here; no server runs"
        say(f"{whole['model']} v{whole['version']} ({how}).")
        if learned:
            counts = "; `performance` does not count them" if whole["served"] else ""
            say(f"▲ {told_known_rows(learned, len(records), whole['version'])}{counts}.")

    emit(whole, as_json, show)


def _probability(value: Any, classes: list[Any] | None) -> str:
    """A probability; of several classes the likeliest with their names."""
    if not isinstance(value, list):
        return number(value)
    from pilothouse.serving.likeliest import likeliest

    found = likeliest(value, classes)
    more = len(value) - len(found)
    named = ", ".join(f"{printable(name, 30)} {number(one)}" for name, one in found)
    return named + (f", {more} less likely" if more else "")


def _say_started(status: Any) -> None:
    click.echo(f"{status.url}/invocations")
    who = f"{status.model} v{status.version} answers (process {status.pid})"
    say(f"{who}; `pilothouse serve --stop` stops it.")


def _show_status(now: ServerNow) -> None:
    status = now.status
    if status is None:
        if now.starting:
            say("The server starts.")
        elif now.lost is not None:
            say(f"No server runs. {_told_lost(now.lost)}")
            say("Start it again with `pilothouse serve --detach`.")
        else:
            say("No server runs. Start one with `pilothouse serve --detach`.")
        return
    rows: list[list[Any]] = [
        ["url", status.url],
        ["state", status.state],
        ["model", f"{status.model} v{status.version}" if status.version else status.model],
        ["kept warm", f"v{status.previous}" if status.previous else "–"],
        ["requests", f"{status.requests:,} ({status.refused:,} refused, {status.errors:,} failed)"],
        ["latency", f"p50 {number(status.p50_ms, 1)} ms, p99 {number(status.p99_ms, 1)} ms"],
        ["process", status.pid],
        *([["trouble", status.last_error]] if status.last_error else []),
    ]
    for key, value in rows:
        click.echo(f"{key:<10} {printable(value)}")


def _told_lost(lost: ServerStatus) -> str:
    from pilothouse.serving.fate import lost_at, lost_words

    at = lost_at(lost)
    last = f" It was last heard of at {at.astimezone():%Y-%m-%d %H:%M:%S}." if at else ""
    return printable(lost_words(lost) + last)


def _learned(workspace: Workspace, model: str | None, records: list[dict[str, Any]]) -> int:
    """How many of the rows are of the data that the version which answers was made of, told by their ids."""
    from pilothouse.performance.learned import count_learned
    from pilothouse.serving import control
    from pilothouse.store import open_store

    config = workspace.config().model(model)
    if config.data.id is None:
        return 0
    return count_learned(open_store(workspace), control.answering(workspace, model=model), config, records)


COMMANDS = [serve, predict]
