"""Long computations with DuckDB: they tell how far they are, and stop at once when asked to.

DuckDB does not hear Ctrl-C while it computes. So the work runs in a thread of its own, and the caller waits
for it; whatever is raised meanwhile, by Ctrl-C or by the progress callback, interrupts the query and goes on
up.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import duckdb

from pilothouse.data.reading import Source, as_file

T = TypeVar("T")
Progress = Callable[[float, str], None]
"""Called about ten times a second with the share that is done, from 0 to 1, and with what is being done.
To cancel, it raises; the exception reaches the caller."""

_TICK = 0.1
_PATIENCE = 30.0


class GivenUpError(Exception):
    """Nobody waits for the computation any more; it is seen by nobody."""


class Steps:
    """How far a computation is: it names its steps, and the query in progress counts within one."""

    def __init__(self, count: int = 1) -> None:
        self._count, self._at, self.what, self.given_up = max(1, count), -1, "", False

    def next(self, what: str) -> None:
        """Begin the next step; raises if nobody waits any more."""
        if self.given_up:
            raise GivenUpError
        self._at += 1
        self.what = what

    def share(self, within: float) -> float:
        """Return the share that is done, with this share of the step."""
        return min(1.0, (max(0, self._at) + within) / self._count)


def patiently(
    con: duckdb.DuckDBPyConnection, work: Callable[[Steps], T], progress: Progress | None, steps: int = 1
) -> T:
    """Do work that uses `con` and nobody else's connection; return what it returns.

    Raises:
        KeyboardInterrupt: Ctrl-C; the query was interrupted.
        Exception: what `work` or `progress` raised.
    """
    told = Steps(steps)
    if progress is None and threading.current_thread() is not threading.main_thread():
        return work(told)
    con.execute("SET enable_progress_bar = true")
    con.execute("SET enable_progress_bar_print = false")
    done = threading.Event()
    found: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work(told))
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            failed.append(error)
        finally:
            done.set()

    thread = threading.Thread(target=run, daemon=True, name="patience")
    try:
        # Within, since Ctrl-C may come while the thread starts.
        thread.start()
        while not done.wait(_TICK):
            if progress is not None:
                progress(told.share(_within(con)), told.what)
    except BaseException:
        told.given_up = True
        _stop(con, thread)
        raise
    if failed:
        raise failed[0]
    return found[0]


def _stop(con: duckdb.DuckDBPyConnection, thread: threading.Thread) -> None:
    """Interrupt until the thread is done: one that is left would bring the process down when Python ends."""
    end = time.monotonic() + _PATIENCE
    while thread.is_alive() and time.monotonic() < end:
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C again asks for what is being done already.
            # A computation of several queries would begin the next one, so once is not enough.
            con.interrupt()
            thread.join(_TICK)


def part_of(progress: Progress | None, begin: float, end: float, what: str) -> Progress | None:
    """Return a callback for one part of a larger computation, from share `begin` to share `end`."""
    if progress is None:
        return None
    return lambda share, said: progress(
        begin + (end - begin) * share, ": ".join(one for one in (what, said) if one)
    )


S = TypeVar("S", bound=Source)


def each_of(progress: Progress | None, sources: Sequence[S]) -> Iterator[tuple[S, Progress | None]]:
    """Give each file with the callback of its part, as large as its bytes, which says that it is n of m."""
    sizes = [_bytes_of(as_file(source).path) for source in sources]
    done, total = 0, sum(sizes)
    for at, (source, size) in enumerate(zip(sources, sizes, strict=True)):
        name = as_file(source).name + (f" ({at + 1} of {len(sources)})" if len(sources) > 1 else "")
        yield source, part_of(progress, done / total, (done + size) / total, name)
        done += size


def _bytes_of(path: Path) -> int:
    try:
        return max(1, path.stat().st_size)
    except OSError:  # Whoever opens it says so.
        return 1


def _within(con: duckdb.DuckDBPyConnection) -> float:
    with contextlib.suppress(duckdb.Error):
        return min(1.0, max(0.0, float(con.query_progress()) / 100))
    return 0.0
