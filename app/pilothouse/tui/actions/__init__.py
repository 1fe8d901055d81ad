"""The one table of actions: keys, palette, footer and help are all read from it. One file an area.

An action is carried out by a screen's (or the app's) method ``do_<id>``; a screen's ``why_not(id)`` says
why it cannot be now.
"""

from __future__ import annotations

from textual.binding import Binding

from pilothouse.tui.actions import (
    chart,
    compare,
    data,
    datasets,
    everywhere,
    features,
    log,
    models,
    performance,
    run,
    runs,
    schema,
    serving,
    shared,
    sweep,
    trash,
)
from pilothouse.tui.actions.action import Action as Action
from pilothouse.tui.actions.chart import CHART
from pilothouse.tui.actions.everywhere import AREAS as AREAS
from pilothouse.tui.actions.everywhere import MOVES as MOVES

ACTIONS: tuple[Action, ...] = (
    # what a screen is for comes first: the footer shows as many as fit
    *shared.TRAINING,
    *runs.MARKED,
    *compare.ACTIONS,
    *shared.OPENING,
    *runs.ONE,
    *trash.ACTIONS,
    *models.ACTIONS,
    *data.ACTIONS,
    *performance.OPENING,
    *performance.ACTIONS,
    *datasets.ACTIONS,
    *schema.ACTIONS,
    *features.ACTIONS,
    *serving.ACTIONS,
    *runs.LISTED,
    *log.ACTIONS,
    *shared.FINDING,
    *everywhere.MODEL,
    *runs.MANY,
    *shared.UPKEEP,
    *everywhere.VIEW,
    *run.ACTIONS,
    *sweep.ACTIONS,
    *chart.ACTIONS,
    *everywhere.LAST,
)
BY_ID = {action.id: action for action in ACTIONS}

PARTS = {"run": CHART, "compare": CHART}
"""Screens with a part that has keys of its own while it is in focus."""

BY_USE = {
    "data": (
        "drift_map", "performance", "schema", "report", "retrain", "accept", "check", "watch", "details",
        "datasets", "features",
    ),
}  # fmt: skip
"""Screens with more keys than fit below a small terminal: what is asked for most stands first."""


def actions_of(context: str) -> tuple[Action, ...]:
    """The actions that exist on the screen ``context``, in the order of the footer."""
    found = [action for action in ACTIONS if not action.where or context in action.where]
    first = BY_USE.get(context, ())
    found.sort(key=lambda action: first.index(action.id) if action.id in first else len(first))
    return tuple(found)


def elsewhere_of(area: str, context: str) -> tuple[Action, ...]:
    """The actions of an area's list that a screen ``context`` over it does not have."""
    here = {action.id for action in actions_of(context)}
    return tuple(action for action in actions_of(area) if action.where and action.id not in here)


def bindings_of(context: str, *, only_here: bool = False) -> list[Binding]:
    """The key bindings of the screen ``context``, or of a widget that has the focus: then ``only_here``."""
    return [
        Binding(
            action.keys,
            f"act('{action.id}')",
            action.label,
            show=action.footer,
            key_display=action.shown,
            id=f"{context}.{action.id}",
        )
        for action in actions_of(context)
        if action.keys and (action.where or not only_here)
    ]
