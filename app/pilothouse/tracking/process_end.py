"""Telling how a process ends, so that what is open in it can end the same way."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from pilothouse.tracking.active import status_of

End = Callable[[str, int | None, str], None]
_hooked = False
_caught: list[signal.Signals] = []
"""Signals that are caught here, since nobody else wanted them."""
_masks: dict[int, set[signal.Signals | int]] = {}
"""By thread that forks just now: the signals that it held back already."""


if sys.platform != "win32":
    # A forked child dies of these signals like any other. Until it does they wait: what comes to a new child
    # that still catches them in Python is lost, and who terminated it would wait for its end for ever.

    def _hold_signals() -> None:
        _masks[threading.get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, _caught)

    def _let_signals_through() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, _masks.pop(threading.get_ident()))

    def _leave_signals() -> None:
        for number in _caught:
            signal.signal(number, signal.SIG_DFL)
        _caught.clear()
        _let_signals_through()

    os.register_at_fork(
        before=_hold_signals, after_in_parent=_let_signals_through, after_in_child=_leave_signals
    )


def end_with_the_process(end: End) -> None:
    """Call `end` with status, exit code and reason when this process ends, whatever the script forgot."""
    global _hooked
    _catch_signals(end)
    if _hooked:
        return
    _hooked = True
    previous_hook = sys.excepthook
    failure: list[BaseException] = []

    def on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        failure.append(error)
        previous_hook(kind, error, trace)

    real_exit = sys.exit

    def on_sys_exit(status: Any = None, /) -> Any:
        # atexit is not told the exit code; this is the only place that is.
        failure[:] = [SystemExit(status)]
        real_exit(status)

    def at_end() -> None:
        end(*status_of(failure[-1] if failure else None))

    sys.excepthook = on_exception
    sys.exit = on_sys_exit
    atexit.register(at_end)


def _catch_signals(end: End) -> None:
    if _caught or threading.current_thread() is not threading.main_thread():
        return

    def on_signal(number: int, frame: FrameType | None) -> None:
        end("KILLED", 128 + number, f"Stopped by {signal.Signals(number).name}.")
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # A script that has its own way with a signal keeps it, and one that ignores it goes on.
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, on_signal)
            _caught.append(number)
