"""Doing through the command line what would load heavy libraries or take long: the same commands that a
person types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pilothouse.workspace import Workspace


def run_command(workspace: Workspace, *words: str, timeout: float = 3600.0) -> Any:
    """Run ``pilothouse WORDS --json`` on the workspace and return its JSON; called in a thread.

    When the person leaves meanwhile, the command goes on by itself.

    Raises:
        PilothouseError: the command failed; the text is what it said.
    """
    return _run(workspace, [*words, "--json"], timeout)


STOP_SECONDS = 5.0
"""Time for a command to clear away what it was making before it is killed."""


@dataclass(slots=True)
class Stop:
    """Whether a person wants an errand to stop."""

    asked: bool = False
    with_worker: bool = False
    """Whether the command ends with the worker that waits for it, as when the terminal is closed; else it
    goes on in the background."""


def run_errand(workspace: Workspace, words: list[str], told: Callable[[str], None], stop: Stop) -> Any:
    """Run a command that takes its time and return its JSON; called in a thread.

    Args:
        workspace: what it works on.
        words: the command with its options, ``--json`` among them.
        told: gets the latest line that the command says while it works.
        stop: once asked, the command is interrupted as by ctrl+c.

    Raises:
        PilothouseError: the command failed or was stopped; the text is what it said.
    """
    return _run(workspace, words, 24 * 3600.0, told=told, stop=stop)


def run_gate_check(workspace: Workspace, model: str, version: int) -> list[dict[str, Any]]:
    """Judge a version by its gates in a process of its own; return the verdicts.

    Raises:
        PilothouseError: they cannot be had; the text says why.
    """
    words = ["promote", f"v{version}", "--model", model, "--check", "--json"]
    answer = _run(workspace, words, 600.0, verdict=True)
    return [one for one in answer or [] if isinstance(one, dict)]


def last_line(file: int) -> str:
    """Return the last whole line of an open file, of which the end is enough."""
    import os

    size = os.fstat(file).st_size
    tail = os.pread(file, 400, max(0, size - 400)).decode("utf-8", "replace")
    lines = tail.rpartition("\n")[0].splitlines()
    return lines[-1] if lines else ""


def _run(
    workspace: Workspace,
    words: list[str],
    timeout: float,
    verdict: bool = False,
    told: Callable[[str], None] | None = None,
    stop: Stop | None = None,
) -> Any:
    """Run a command. A `verdict` is an answer also where the command ends with 1, for something failed."""
    import json
    import os
    import signal
    import subprocess
    import tempfile
    import time

    from textual.worker import NoActiveWorker, get_current_worker

    from pilothouse.errors import PilothouseError
    from pilothouse.processes import python_command

    try:
        cancelled = get_current_worker().cancelled_event
    except NoActiveWorker:
        cancelled = None
    env = {**os.environ, "PILOTHOUSE_WORKSPACE": str(workspace.root), "NO_COLOR": "1"}
    if told is not None:
        env["PILOTHOUSE_PROGRESS"] = "1"
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            python_command("pilothouse", *words),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=workspace.root,
            env=env,
            start_new_session=True,
        )
        deadline = time.monotonic() + timeout
        while process.poll() is None:
            asked = stop is not None and stop.asked
            if cancelled is not None and cancelled.wait(0.02) and not asked:
                if stop is None or not stop.with_worker:
                    return None
                stop.asked = True
            if cancelled is None:
                time.sleep(0.02)
            if told is not None:
                told(last_line(err.fileno()))
            if stop is not None and stop.asked:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                raise PilothouseError(
                    f"`pilothouse {words[0]}` was stopped.", untouched="What it had finished stays."
                )
            if time.monotonic() > deadline:
                raise PilothouseError(
                    f"`pilothouse {words[0]}` has not answered for {timeout:.0f} seconds.",
                    untouched="It goes on in the background.",
                    next="Look at Events for what it did.",
                )
        out.seek(0)
        err.seek(0)
        said = err.read().decode("utf-8", "replace")
        answer = out.read().decode("utf-8", "replace")
    judged = verdict and process.returncode == 1 and bool(answer.strip())
    if process.returncode != 0 and not judged:
        lines = [part.strip() for part in said.splitlines() if part.strip()] or [
            f"It ended with {process.returncode}."
        ]
        # What it said while it worked comes before the error.
        at = next((n for n, one in enumerate(lines) if one.startswith(("pilothouse: ", "Error: "))), 0)
        lines = lines[at:]
        first = lines[0].removeprefix("pilothouse: ").removeprefix("Error: ")
        raise PilothouseError(first, next="\n".join(lines[1:6]))
    try:
        return json.loads(answer) if answer.strip() else None
    except ValueError:
        return None
