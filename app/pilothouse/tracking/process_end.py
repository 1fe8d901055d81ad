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


def end_with_the_process(end: End) -> None:
    """Call `end` with status, exit code and reason when this process ends, whatever the script forgot."""
    global _hooked
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
    if threading.current_thread() is not threading.main_thread():
        return

    def on_signal(number: int, frame: FrameType | None) -> None:
        end("KILLED", 128 + number, f"Stopped by {signal.Signals(number).name}.")
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    for name in ("SIGTERM", "SIGHUP"):
        # A script that has its own way with a signal keeps it, and one that ignores it goes on.
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) == signal.SIG_DFL:
            signal.signal(getattr(signal, name), on_signal)
