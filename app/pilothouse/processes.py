"""Locks that die with their process, processes that outlive the terminal, and files written whole."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pilothouse.errors import PilothouseError

# What a script that only logs does not need is imported where it is used: a start costs milliseconds.
if TYPE_CHECKING:
    import subprocess

_ROOM = 1 << 20
WINDOWS = sys.platform == "win32"

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    _try_share = _try_lock

    def _wait_lock(file: IO[bytes]) -> None:
        # Windows has no lock that waits for as long as it takes, so it is asked again.
        while not _try_lock(file):
            time.sleep(0.005)

    def _unlock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _try_share(file: IO[bytes]) -> bool:
        """Take the lock beside others who share it, so that two who ask do not see each other."""
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _wait_lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)

    def _unlock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)


def _open_lock(path: Path, reading: bool = False) -> IO[bytes]:
    if reading:
        return path.open("rb")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("ab+")


@contextlib.contextmanager
def fair_lock(path: Path, *, reading: bool = False) -> Iterator[None]:
    """Hold the lock at `path`, waiting as long as it takes, and never overtaking who waits next.

    Two locks make it fair: who comes for the inner one first holds the turnstile, so a process
    that lets go and comes back at once stands behind the one that was already waiting.
    Threads exclude each other as processes do, since every call opens the file anew.

    Args:
        path: the inner lock's; the turnstile's lies beside it.
        reading: nothing is made where the locks lie: they must be there, to be read.

    Raises:
        OSError: they cannot be opened.
    """
    with _open_lock(path, reading) as inner:
        with _open_lock(path.with_name(path.name + ".turnstile"), reading) as turnstile:
            _wait_lock(turnstile)
            try:
                _wait_lock(inner)
            finally:
                _unlock(turnstile)
        try:
            yield
        finally:
            _unlock(inner)


@contextlib.contextmanager
def reading_lock(path: Path) -> Iterator[None]:
    """Hold the fair lock at `path` where it can be read; where there is none, nobody writes either."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            held.enter_context(fair_lock(path, reading=True))
        yield


class LivenessLock:
    """A lock held for as long as its process lives; the operating system frees it at death.

    A forked child does not have it: it neither frees its parent's lock nor keeps it after its parent's death.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        _held.add(self)

    def release(self) -> None:
        """Let go early. Calling it again does nothing."""
        if not self._file.closed:
            _unlock(self._file)
            self._file.close()

    def forget(self) -> None:
        """Close the file and leave the lock to the parent, who has it through the same open file."""
        self._file.close()

    def __enter__(self) -> LivenessLock:
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()


_held: weakref.WeakSet[LivenessLock] = weakref.WeakSet()


def _forget_all() -> None:
    for lock in list(_held):
        lock.forget()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def hold_alive(path: Path, patience: float = 0.5) -> LivenessLock | None:
    """Take the liveness lock at `path`, or return None if a living process has it.

    Whoever asks `is_alive` holds the lock for some microseconds, hence the patience (in seconds).
    """
    file = _open_lock(path)
    deadline = time.monotonic() + patience
    while not _try_lock(file):
        if time.monotonic() > deadline:
            file.close()
            return None
        time.sleep(0.001)
    return LivenessLock(file)


def is_alive(path: Path) -> bool:
    """Say whether a living process holds the liveness lock at `path`."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return False
    with file:
        if not _try_share(file):
            return True
        _unlock(file)
    return False


def require_folder_of(path: Path) -> None:
    """Raise PilothouseError if the folder of a file that a person named is not there: it may be misspelt."""
    if not path.parent.is_dir():
        raise PilothouseError(
            f"There is no folder {path.parent}.", untouched="Nothing was written.", next="Give another name."
        )


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write `path` so that a reader sees the old content or the new, never a part."""
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def refuse_to_replace(
    path: Path, *, force: bool = False, renews: Callable[[Path], bool] | None = None
) -> None:
    """Raise if something lies where a person named a file to write: it may be all that they have of it.

    Args:
        path: the file to be written.
        force: the person said to replace it.
        renews: whether a file is one that this very command wrote, which is written anew day by day.

    Raises:
        PilothouseError: there is a folder, or a file that is not to be replaced.
    """
    if path.is_dir():
        raise PilothouseError(f"{path} is a folder.", untouched="It was not changed.", next="Name a file.")
    if force or not (path.exists() or path.is_symlink()):
        return
    if renews is None or not path.is_file() or not renews(path):
        raise PilothouseError(
            f"{path} exists already.",
            untouched="It was not changed.",
            next="Name another file, or add --force to replace it.",
        )


def no_room(folder: Path) -> PilothouseError | None:
    """Return the error for a process that could not start because the disk is full; None if it is not.

    Such a process could not even write to its log why it ended.
    """
    import shutil

    if shutil.disk_usage(folder).free >= _ROOM:
        return None
    return PilothouseError(
        "It could not be started: the disk is full.",
        untouched="What was there before is as it was.",
        next="Free some space and try again.",
    )


def collect_seldom() -> None:
    """Have the garbage collector look seldom, in a process that is ours and begins.

    While libraries load, a million objects are made and none goes. To look through them again and again took
    a fifth of the time that a command needs.
    """
    import gc

    gc.set_threshold(50_000, 20, 20)


def collect_as_usual() -> None:
    """Have the collector look as usual from now on: for those that stay."""
    import gc

    gc.set_threshold(700, 10, 10)


def python_command(module: str, *args: str) -> list[str]:
    """Return the command that runs `module` of this very Python."""
    return [sys.executable, "-m", module, *args]


def own_command(*args: str) -> str:
    """Return what a person types to run this very Pilothouse: its name if the shell finds it, else its path.

    Quoted for a POSIX shell.
    """
    import shlex
    import shutil

    script = Path(sys.executable).with_name("pilothouse.exe" if WINDOWS else "pilothouse")
    first = [sys.executable, "-m", "pilothouse"]
    if script.exists():
        found, here = shutil.which("pilothouse"), Path.cwd()
        known = found is not None and Path(found).exists() and Path(found).samefile(script)
        near = script.relative_to(here) if script.is_relative_to(here) else script
        first = ["pilothouse" if known else str(near)]
    return shlex.join([*first, *args])


def spawn_detached(
    argv: Sequence[str], *, cwd: Path, log: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a process that outlives this one and its terminal; its output goes to the end of `log`.

    The handle is for a caller who wants to see it end early; nobody has to wait for it.
    """
    import subprocess

    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            list(argv),
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=not WINDOWS,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
            | getattr(subprocess, "DETACHED_PROCESS", 0),
        )


def ask_to_stop(pid: int) -> bool:
    """Send TERM to a process; False if there is none. Check its liveness lock first: ids are reused."""
    try:
        os.kill(pid, signal.SIGTERM)
    except (ProcessLookupError, PermissionError):
        return False
    return True
