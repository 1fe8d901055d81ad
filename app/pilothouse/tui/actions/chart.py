"""The keys of a chart while it has the focus."""

from __future__ import annotations

from pilothouse.tui.actions.action import Action

CHART = ("chart",)

ACTIONS: tuple[Action, ...] = (
    Action("cursor_left", "left", "←", "read", "Read out the values to the left of the cursor", CHART, False),
    Action(
        "cursor_right", "right", "→", "read", "Read out the values to the right of the cursor", CHART, False
    ),
    Action("closer", "plus,equals_sign", "+", "closer", "Look closer, around the cursor", CHART),
    Action("farther", "minus", "-", "farther", "Show twice as many steps", CHART),
    Action(
        "pan_left", "shift+left,less_than_sign", "<", "earlier", "Half a window to the left", CHART, False
    ),
    Action(
        "pan_right", "shift+right,greater_than_sign", ">", "later", "Half a window to the right", CHART, False
    ),
    Action("whole", "0", "0", "whole", "Show every step again, without a cursor", CHART),
    Action("smooth", "s", "s", "smooth", "Smooth more: 0.3, 0.6, 0.9, 0.97, 0.99, then not at all", CHART),
    Action("log_scale", "L", "L", "log scale", "Draw the values by their logarithm, or as they are", CHART),
)
