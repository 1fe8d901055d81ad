"""Which runs are open in this process, and whose they are.

A run belongs to the context that opened it: a thread, or a task of asyncio, which knows the runs that were
open where it was made. Contexts do not see each other's runs. One that has none may take part in the run of
the process, if it is plain which that is.

There is no lock: a dictionary takes and gives up a run in one step, so that neither a signal's handler nor a
forked child can find one held for ever.
"""

from __future__ import annotations

import os
import sys
import threading
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from pilothouse.tracking.active import ActiveRun


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run was opened.

    Attributes:
        thread: that opened it.
        task: of asyncio that did, or None.
        around: the runs of this process that it is a part of, the outermost first.
        shared: whether other contexts may log to it.
    """

    thread: threading.Thread
    task: Any
    around: tuple[ActiveRun, ...]
    shared: bool

    def beside(self, other: Place) -> bool:
        """Whether both were opened by the same thread and task."""
        return self.thread is other.thread and self.task is other.task


_places: dict[ActiveRun, Place] = {}
"""Of every open run, in the order in which they were opened."""
_opened_here: ContextVar[tuple[ActiveRun, ...]] = ContextVar("pilothouse_runs", default=())
"""Runs that this context opened, or that were open where it was made, the innermost last; ended ones too."""


def _leave_to_the_parent() -> None:
    for run in _places:
        run.inherited()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_the_parent)


def keep_open(run: ActiveRun, around: ActiveRun | None, *, shared: bool = True) -> None:
    """Take a run for open in this context, as a part of `around`."""
    outer: tuple[ActiveRun, ...] = ()
    if around is not None:
        # It may have ended in this very moment; then nobody looks for what is around it.
        place = _places.get(around)
        outer = (*(place.around if place is not None else ()), around)
    _places[run] = Place(threading.current_thread(), _task(), outer, shared)
    _opened_here.set((*open_here(), run))


def let_go(run: ActiveRun, *, whole: bool) -> list[ActiveRun]:
    """Take a run for ended; return what ends with it, the innermost first.

    That is what the same thread and task opened within it and forgot: within its block (`whole`), or within
    the outermost run of theirs. What was opened after one that ends by hand goes on: it may stand beside it.
    """
    place = _places.pop(run, None)
    if place is None:
        return []
    places = list(_places.items())
    if not whole and any(one in place.around and its.beside(place) for one, its in places):
        return []
    return [one for one, its in places if run in its.around and its.beside(place) and not one.was_inherited][
        ::-1
    ]


def open_here() -> tuple[ActiveRun, ...]:
    """Return the open runs of this context, the innermost last."""
    return tuple(run for run in _opened_here.get() if run.open)


def innermost() -> ActiveRun | None:
    """Return the innermost open run of this context."""
    stack = _opened_here.get()
    # Nearly always; and every point that is logged to no run by name passes here.
    if stack and stack[-1].open:
        return stack[-1]
    return next((run for run in reversed(stack) if run.open), None)


def opened_by(thread: threading.Thread) -> list[ActiveRun]:
    """Return the open runs that a thread opened, the innermost first."""
    return [run for run, place in list(_places.items()) if place.thread is thread][::-1]


def all_open() -> tuple[ActiveRun, ...]:
    """Return every open run of this process, and what a fork inherited, in the order of opening."""
    return tuple(_places)


def of_the_process() -> ActiveRun | None:
    """Return the run that a context without one takes part in; None if there is none, or no telling which.

    Of several that are parts of no other it is the main thread's. Within it, it is the innermost one that was
    opened in the same place: what other threads opened is theirs.
    """
    places = {run: place for run, place in list(_places.items()) if place.shared}
    tops = [run for run, place in places.items() if not any(outer in places for outer in place.around)]
    if len(tops) > 1:
        main = threading.main_thread()
        tops = [run for run in tops if places[run].thread is main]
    if len(tops) != 1:
        return None
    top = tops[0]
    inside = [run for run, place in places.items() if top in place.around and place.beside(places[top])]
    return inside[-1] if inside else top


def how_many() -> int:
    """Return how many runs are open that other contexts may log to."""
    return sum(place.shared for place in list(_places.values()))


def _task() -> Any:
    # A script without asyncio is not to load it.
    current = getattr(sys.modules.get("asyncio.tasks"), "current_task", None)
    if current is None:
        return None
    try:
        return current()
    except RuntimeError:
        return None
