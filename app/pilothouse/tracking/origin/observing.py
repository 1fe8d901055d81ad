"""A process beside a run of the logging API: it records what made the run and samples what it uses.

`python -m pilothouse.tracking.origin.observing RUN_DIR PID FACTS`. So the script that logs pays for none of
it, and it is recorded even if the script is killed at once.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

from pilothouse.jsontext import dumps, loads
from pilothouse.processes import is_alive
from pilothouse.tracking.origin.at_start import note_start

SWITCH = "PILOTHOUSE_OBSERVE"
"""Set to 0, no process is started beside runs of the logging API."""
_LOOK = 0.25
_NICE = 10


def start_observer(run_dir: Path) -> int | None:
    """Start observing this very process as the run of `run_dir`; return the observer's process id.

    Takes a millisecond or less. None where it is switched off or cannot be started: the run goes on.
    """
    if os.environ.get(SWITCH) == "0" or not sys.executable:
        return None
    with contextlib.suppress(OSError):
        note_start(run_dir)
    facts = dumps({"argv": list(getattr(sys, "orig_argv", sys.argv)), "cwd": str(Path.cwd())})
    words = [sys.executable, "-m", __name__, str(run_dir.absolute()), str(os.getpid()), facts]
    env = {**os.environ, "PYTHONSAFEPATH": "1", SWITCH: "0"}
    with contextlib.suppress(OSError):
        if hasattr(os, "posix_spawn"):
            # Importing subprocess would cost a script more than all that it logs.
            nothing = os.open(os.devnull, os.O_RDWR)
            try:
                actions = [(os.POSIX_SPAWN_DUP2, nothing, number) for number in (0, 1, 2)]
                # A group of its own: what is typed at the script's terminal is not meant for it.
                pid = os.posix_spawn(words[0], words, env, file_actions=actions, setpgroup=0)
            finally:
                os.close(nothing)
            # It can wait: the script has begun, and what could change meanwhile is noted.
            os.setpriority(os.PRIO_PROCESS, pid, _NICE)
            return pid
        from pilothouse.processes import spawn_detached

        return spawn_detached(words, cwd=Path.cwd(), env=env, log=Path(os.devnull)).pid
    return None


def observe(run_dir: Path, pid: int, argv: list[str], cwd: Path) -> None:
    """Record what made a run, and sample the process until the run ends."""
    from pilothouse.tracking.origin.recording import record_origin
    from pilothouse.tracking.origin.usage import Usage, interval
    from pilothouse.tracking.writer import ALIVE_NAME, attach_run
    from pilothouse.workspace import Workspace

    began = time.monotonic()
    alive = run_dir / ALIVE_NAME
    usage: Usage | None = None
    with contextlib.suppress(ProcessLookupError):
        usage = Usage(pid)
    writer = attach_run(run_dir)
    try:
        if usage is not None and (found := usage.sample()) and is_alive(alive):
            writer.log_metrics(found)
        record_origin(
            Workspace(run_dir.parents[2]), run_dir, argv=argv, cwd=cwd, environment=dict(os.environ)
        )
        due = time.monotonic() + interval(0.0)
        while usage is not None and is_alive(alive):
            time.sleep(_LOOK)
            now = time.monotonic()
            if now < due:
                continue
            due = now + interval(now - began)
            found = usage.sample()
            if found is None or not is_alive(alive):
                return
            writer.log_metrics(found)
    finally:
        writer.close()


def main(words: list[str]) -> int:
    """Entry of the process."""
    facts = loads(words[2])
    observe(Path(words[0]), int(words[1]), [str(word) for word in facts["argv"]], Path(facts["cwd"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
