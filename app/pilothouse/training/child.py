"""The process that a run consists of: its command, its environment, its group, and its end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pilothouse.processes import WINDOWS, python_command
from pilothouse.training.guard import Guard
from pilothouse.training.spec import DATA_NAME, METRICS_NAME, RunSpec, thread_environment, workspace_of

FIT_MODULE = "pilothouse.training.fit"
SWEEP_MODULE = "pilothouse.training.sweeps.coordinator"
_CRASHES = {"SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSYS", "SIGTRAP"}
_PR_SET_PDEATHSIG = 1


def command_of(run_dir: Path, spec: RunSpec) -> list[str]:
    """The words that start the run's child."""
    if spec.sweep:
        return python_command(SWEEP_MODULE, str(run_dir))
    if spec.recipe:
        return python_command(FIT_MODULE, str(run_dir))
    return told_command(spec)


def told_command(spec: RunSpec) -> list[str]:
    """The words of the user's command; of a sweep over one: what all of its trials share."""
    return [*spec.command, *flags_of(spec.params)]


def flags_of(params: Mapping[str, Any]) -> list[str]:
    """Parameters as `--name value`; true is a bare `--name`, false and none are left out.

    A value that begins with a dash is joined by "=", or it would read as another flag.
    """
    words: list[str] = []
    for name, value in params.items():
        if value is None or value is False:
            continue
        if value is True:
            words.append(f"--{name}")
            continue
        for item in value if isinstance(value, list | tuple) else [value]:
            text = str(item)
            words += [f"--{name}={text}"] if text.startswith("-") else [f"--{name}", text]
    return words


def environment_of(run_dir: Path, spec: RunSpec, base: Mapping[str, str]) -> dict[str, str]:
    """The child's environment: ours, the run's place, and pinned threads."""
    workspace = workspace_of(run_dir)
    env = dict(base)
    env.update(
        PILOTHOUSE_WORKSPACE=str(workspace.root),
        PILOTHOUSE_RUN_ID=run_dir.name,
        PILOTHOUSE_RUN_DIR=str(run_dir),
        PILOTHOUSE_METRICS=str(run_dir / METRICS_NAME),
        PILOTHOUSE_SEED=str(spec.seed),
        PYTHONUNBUFFERED="1",
        PYTHONIOENCODING="utf-8",
    )
    if (run_dir / DATA_NAME).is_dir():
        env["PILOTHOUSE_DATA"] = str(run_dir / DATA_NAME)
    elif spec.model is not None:
        env["PILOTHOUSE_DATA"] = str(workspace.data_folder(spec.model))
    if spec.ours:
        # A stray pandas.py in the workspace must not be taken for pandas.
        env["PYTHONSAFEPATH"] = "1"
        env["PYTHONHASHSEED"] = "0"
        env.update(thread_environment(spec.threads))
    else:
        env.pop("PYTHONSAFEPATH", None)
        env.update({key: value for key, value in thread_environment(spec.threads).items() if key not in base})
    if spec.command:
        # "python train.py" means the Python that Pilothouse lives in, whether or not it was activated.
        env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", os.defpath)])
    return env


class Child:
    """A running child in a process group of its own, which dies with this process (not on Windows)."""

    def __init__(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], nice: int = 0) -> None:
        """Start it.

        Raises:
            OSError: there is no such program, or it may not be run.
        """
        options: dict[str, Any] = {}
        if WINDOWS:
            options["creationflags"] = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        else:
            options.update(process_group=0, preexec_fn=_before_exec(nice))
        self.process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            **options,
        )
        self._guard = None if WINDOWS else Guard(self.process.pid)

    def ended(self) -> bool:
        """Whether it has ended. What it left running in its group is killed while its id is still its own."""
        if self.process.returncode is not None:
            return True
        if not WINDOWS and os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            self.kill()
            if self._guard is not None:
                self._guard.dismiss()
        return self.process.poll() is not None

    def finish(self) -> None:
        """End the whole group now, and wait until the child has ended."""
        self.kill()
        while not self.ended():
            time.sleep(0.01)

    def terminate(self) -> None:
        """Ask the whole group to end."""
        if WINDOWS:
            with contextlib.suppress(OSError):
                self.process.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM))
        else:
            self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the whole group."""
        if WINDOWS:
            self.process.kill()
        else:
            self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


def why_not_started(error: OSError | ValueError, argv: Sequence[str], cwd: Path) -> str:
    """Say what kept a child from being started: its program, or the folder that it was to run in."""
    why = getattr(error, "strerror", None) or str(error)
    return f"{cwd if getattr(error, 'filename', None) == str(cwd) else argv[0]}: {why}"


def verdict(returncode: int, stopped: bool) -> tuple[str, str]:
    """A run's status by its exit code (negative: the signal that ended it), and a word on it."""
    if stopped:
        return "KILLED", ""
    if returncode == 0:
        return "FINISHED", ""
    if returncode > 0:
        return "FAILED", ""
    try:
        name = signal.Signals(-returncode).name
    except ValueError:
        name = f"signal {-returncode}"
    if name in _CRASHES:
        return "FAILED", f"It crashed with {name}."
    hint = ", perhaps by the system for want of memory" if name == "SIGKILL" else ""
    return "KILLED", f"It was killed by {name}{hint}."


def exit_code_of(returncode: int) -> int:
    """An exit code as a shell tells it: 128 and the signal's number where one ended the process."""
    return 128 - returncode if returncode < 0 else returncode


def _before_exec(nice: int) -> Callable[[], None] | None:
    """What the child does between fork and exec; nothing here may allocate much or take a lock."""
    if not sys.platform.startswith("linux"):
        return (lambda: (os.nice(nice), None)[1]) if nice else None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def prepare() -> None:
        # It ends the child alone, but at once, and before there is a guard.
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        # The parent may have died before the line above took hold.
        if os.getppid() != parent:
            os._exit(1)
        if nice:
            os.nice(nice)

    return prepare
