"""A trial of a script: a process with its parameters, in the workspace or where only its bytes are."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pilothouse.errors import PilothouseError
from pilothouse.tracking.last_values import last_of
from pilothouse.training.lines import LineReader, Point
from pilothouse.training.metrics_tail import MetricsTail
from pilothouse.training.points_kept import PointsKept
from pilothouse.training.sweeps.trial import Order, ScriptData, TrialResult

if TYPE_CHECKING:
    from pilothouse.training.child import Child

_LOOK = 0.2  # seconds between looks at a child that is silent
LOG_KEPT = 1 << 20  # bytes of a script's output that come back: its end


def run_script(order: Order, data: ScriptData) -> TrialResult:
    """Run a command as a trial and read what it says.

    Raises:
        PilothouseError: it cannot be started.
    """
    from pilothouse.training.child import Child, exit_code_of, flags_of, verdict, why_not_started
    from pilothouse.training.output import failure_reason
    from pilothouse.training.spec import thread_environment

    with tempfile.TemporaryDirectory(prefix="pilothouse-trial-") as made:
        folder = Path(made)
        for name, content in data.code.items():
            write_inside(folder / "code", name, content)
        for name, content in data.files.items():
            write_inside(folder / "data", name, content)
        (folder / "data").mkdir(exist_ok=True)
        metrics_path = folder / "metrics.jsonl"
        env = {key: value for key, value in os.environ.items() if key not in _NOT_FOR_SCRIPTS}
        env.update(thread_environment(data.threads))
        env.update(
            PYTHONUNBUFFERED="1",
            PYTHONIOENCODING="utf-8",
            PILOTHOUSE_METRICS=str(metrics_path),
            PILOTHOUSE_SEED=str(data.seed),
            PILOTHOUSE_DATA=data.data or str(folder / "data"),
            PATH=os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", os.defpath)]),
        )
        if order.run_dir:
            env.update(
                PILOTHOUSE_WORKSPACE=data.here,
                PILOTHOUSE_RUN_DIR=order.run_dir,
                PILOTHOUSE_RUN_ID=Path(order.run_dir).name,
            )
        argv = [*data.command, *flags_of(order.params)]
        cwd = Path(data.folder)
        if not data.here:
            cwd = folder / "code" / data.folder
            cwd.mkdir(parents=True, exist_ok=True)
        try:
            child = Child(argv, cwd=cwd, env=env)
        except (OSError, ValueError) as error:
            raise PilothouseError(
                f"The command could not be started: {why_not_started(error, argv, cwd)}."
            ) from None
        kept = PointsKept()
        points, log, unread = _listen(child, kept)
        file = MetricsTail(metrics_path)
        for piece in file.finish():
            points += kept.take(piece)
        points += kept.finish()
    code = child.process.returncode
    status, word = verdict(code, False)
    reason = ""
    if status != "FINISHED":
        reason = "\n".join(part for part in (word, failure_reason(log[-8192:])) if part)
        reason = reason or f"It ended with exit code {code} and printed nothing."
    return TrialResult(
        order.planned.key,
        last_of(points),
        tuple(points),
        log.decode("utf-8", "replace"),
        reason,
        exit_code_of(code),
        unread=" | ".join(part for part in (unread, file.complaint(), kept.complaint()) if part),
    )


_NOT_FOR_SCRIPTS = {"PYTHONSAFEPATH", "PILOTHOUSE_RUN_DIR", "PILOTHOUSE_RUN_ID", "PILOTHOUSE_WORKSPACE"}


def _listen(child: Child, kept: PointsKept) -> tuple[list[Point], bytes, str]:
    """Read a child's output to its end: the metrics in it, its last part, and what of it was not read."""
    from pilothouse.training.listening import Listening

    lines = LineReader()
    points: list[Point] = []
    log = b""
    listening = Listening(child)
    try:
        while not listening.over:
            if data := listening.hear(_LOOK):
                log = (log + data)[-LOG_KEPT:]
                points += kept.take(lines.feed(data))
        points += kept.take(lines.finish())
    finally:
        child.finish()
        listening.close()
    return points, log, lines.complaint()


def write_inside(folder: Path, name: str, content: bytes) -> None:
    """Write a file below `folder`; its name may not lead out of it.

    Raises:
        PilothouseError: it would.
    """
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise PilothouseError(f"{name[:100]!r} lies outside the script's folder.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o700)  # it may be what the command starts
