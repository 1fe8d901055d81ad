"""The watch command: judge files as they land."""

from __future__ import annotations

import contextlib
import signal
import sys

import click

from pilothouse.cli.options import emit, json_option, printable, say, workspace_option
from pilothouse.cli.waiting import progress_line
from pilothouse.processes import hold_alive
from pilothouse.workspace import Workspace


@click.command()
@click.option("--once", is_flag=True, help="Judge what is there now and exit.")
@click.option("--detach", is_flag=True, help="Watch in the background, after this terminal is closed too.")
@click.option("--stop", is_flag=True, help="Stop the watcher.")
@click.option("--status", is_flag=True, help="Say what the watcher is doing.")
@workspace_option
@json_option
def watch(once: bool, detach: bool, stop: bool, status: bool, workspace: Workspace, as_json: bool) -> None:
    """Watch the data folder: check each file that lands and say whether it drifted from the reference.

    Files that arrived while no watcher ran are judged first; each is judged once.
    """
    from dataclasses import asdict

    from pilothouse.autopilot.harm_progress import harm_progress, progress_json
    from pilothouse.autopilot.status import (
        already_watched,
        forget_status,
        start_watcher,
        stop_watcher,
        watcher_status,
    )

    if stop:
        stopped = stop_watcher(workspace)
        emit(
            {"stopped": stopped},
            as_json,
            lambda: say("The watcher stopped." if stopped else "No watcher is running."),
        )
        return
    if status:
        told, judging = watcher_status(workspace), harm_progress(workspace)
        waits = _waiting(workspace)
        harm = {"harm": progress_json(judging), "harm_waiting": waits}
        shown = {**asdict(told), **harm} if told else None

        def show() -> None:
            since = told and told.started_at.astimezone().strftime("%H:%M")
            say(f"{told.state}, {told.judged} judged since {since}" if told else "No watcher is running.")
            if judging is not None:
                say(f"judging harm: {printable(judging.words(), 200)}")
            elif waits:
                say(f"harm: {waits} file{'' if waits == 1 else 's'} to judge")

        emit(shown, as_json, show)
        return
    # Without a model there is nothing to judge by.
    workspace.config().shown(None)
    if detach:
        pid = start_watcher(workspace)
        emit({"pid": pid}, as_json, lambda: say(f"Watching in the background (process {pid})."))
        return
    lock = hold_alive(workspace.watch_dir / "alive")
    if lock is None:
        raise already_watched()
    from pilothouse.autopilot.watching import Watcher

    def tell(line: str) -> None:
        if once and sys.stderr.isatty():
            click.echo("\r\x1b[K", nl=False, err=True)  # Where the line of progress stands.
        click.echo(printable(line), err=as_json)

    asked: list[int] = []

    def leave(number: int, frame: object) -> None:
        asked.append(number)
        watcher.stop()

    with lock, progress_line() if once else contextlib.nullcontext() as progress:
        forget_status(workspace)
        watcher = Watcher(workspace, tell, progress)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, leave)
        if not once:
            say("Watching. Stop with ctrl+c.")
        judged = watcher.run(once=once)
    if once and asked:
        interrupted = KeyboardInterrupt()
        count = f"{judged} file{'' if judged == 1 else 's'}"
        interrupted.add_note(f"{count} judged; nothing was stored of the others.")
        raise interrupted
    emit({"judged": judged}, as_json, lambda: say(f"{judged} file{'' if judged == 1 else 's'} judged."))
    if once:
        waiting = _waiting(workspace)
        if waiting:
            files = f"{waiting} file{'' if waiting == 1 else 's'}"
            say(f"The harm of {files} is still to be judged: `pilothouse harm --judge`.")


def _waiting(workspace: Workspace) -> int:
    """How many files wait for a judgement of their harm."""
    from pilothouse.performance.harms_kept import waiting_for_harm
    from pilothouse.store import open_store

    store = open_store(workspace)
    return sum(len(waiting_for_harm(store, model.name)) for model in workspace.config().models)


COMMANDS = (watch,)
