"""Telling how a process ends, so that what is open in it can end the same way."""

from __future__ import annotations

import atexit
import builtins
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, ModuleType, TracebackType
from typing import Any

from pilothouse.errors import is_interrupt

End = Callable[[str, int | None, str], None]
_hooked = threading.Lock()
"""Taken once, by the first thread that has a run, and never given back."""
_failure: list[BaseException] = []
"""What ends this process as far as is known: an exception that nobody caught, or the last `sys.exit`."""
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


def end_with_the_process(end: End, end_thread: End) -> None:
    """Hear of the end of this process and its threads, whatever the script forgot.

    Args:
        end: called with status, exit code and reason when the process ends.
        end_thread: called likewise, in the thread itself, when one ends by an exception.
    """
    end_at_signals(end)
    goes_on()
    if not _hooked.acquire(blocking=False):
        return
    previous_hook, previous_thread_hook = sys.excepthook, threading.excepthook

    def on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _failure[:] = [error]
        previous_hook(kind, error, trace)

    def on_thread_exception(args: threading.ExceptHookArgs) -> None:
        try:
            end_thread(*status_of(args.exc_value or args.exc_type()))
        finally:
            previous_thread_hook(args)

    def at_end() -> None:
        end(*status_of(_failure[0] if _failure else None))

    sys.excepthook = on_exception
    threading.excepthook = on_thread_exception
    _hear_exits()
    atexit.register(at_end)


def _hear_exits() -> None:
    """Hear with which code the script exits: `atexit` is not told, and asks too late.

    That is `sys.exit`, also where a module has taken it by `from sys import exit`, and the `exit` and `quit`
    that Python gives to everybody.
    """
    real_exit = sys.exit

    def on_sys_exit(status: Any = None, /) -> Any:
        _note_exit(status)
        real_exit(status)

    sys.exit = on_sys_exit
    for name, module in list(sys.modules.items()):
        if not isinstance(module, ModuleType) or module is sys:
            continue
        # A module that loads itself when it is looked at is not to load now.
        held = object.__getattribute__(module, "__dict__")
        for key in list(held) if name == "__main__" else ("exit",):
            if held.get(key) is real_exit:
                held[key] = on_sys_exit
    # Without `site` (python -S) there is none; a notebook has its own, which asks for no end.
    given = type(getattr(builtins, "exit", None))
    if given.__module__ == "_sitebuiltins":
        real_call: Callable[..., Any] = given.__call__

        def on_given_exit(self: Any, code: Any = None) -> Any:
            _note_exit(code)
            return real_call(self, code)

        given.__call__ = on_given_exit  # type: ignore[method-assign]


def _note_exit(status: Any) -> None:
    # Another thread ends alone.
    if threading.current_thread() is threading.main_thread():
        _failure[:] = [SystemExit(status)]


def goes_on() -> None:
    """Hear that the script logs something: a `sys.exit` before that was caught, and did not end it."""
    if not _failure or not isinstance(_failure[0], SystemExit):
        return
    main = threading.main_thread()
    # Other threads, and what runs at the exit (the main thread counts as ended by then), log meanwhile.
    if threading.current_thread() is not main or not main.is_alive():
        return
    error = sys.exc_info()[1]
    while error is not None:
        if isinstance(error, SystemExit):
            return  # In a `finally`, a `with` or an `except`, it is on its way.
        error = error.__context__
    _failure.clear()


def end_at_signals(end: End) -> None:
    """Call `end` when a signal ends this process. Only the main thread can ask for that, others do not."""
    if _caught or threading.current_thread() is not threading.main_thread():
        return

    def on_signal(number: int, frame: FrameType | None) -> None:
        try:
            end("KILLED", 128 + number, f"Stopped by {signal.Signals(number).name}.")
        except OSError as error:
            # Raised here it would go to whatever runs just now, which may catch it and go on. What is printed
            # by Python may be in the middle of a line, and cannot be entered twice.
            told = f"pilothouse: the end of a run could not be written, so it reads LOST: {error}\n"
            with contextlib.suppress(OSError):
                os.write(2, told.encode("utf-8", "replace"))
        finally:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # A script that has its own way with a signal keeps it, and one that ignores it goes on.
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, on_signal)
            _caught.append(number)


def status_of(error: BaseException | None) -> tuple[str, int | None, str]:
    """Return how a run ends that an exception ended (None: that nothing did): status, exit code, reason."""
    if error is None:
        return "FINISHED", 0, ""
    if is_interrupt(error):
        return "KILLED", 130, "Interrupted from the keyboard."
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        return ("FINISHED", 0, "") if code == 0 else ("FAILED", code, f"The script exited with {error.code}.")
    return "FAILED", 1, f"{type(error).__name__}: {error}"
