"""Feature views: what they make, and whether they were served as they are computed."""

from __future__ import annotations

from pilothouse.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        "features",
        "F",
        "F",
        "features",
        "Open the feature views: their SQL, what they make, training-serving skew",
        ("data",),
        False,
        "features",
    ),
    Action(
        "try_features",
        "u",
        "u",
        "try",
        "Try the views on rows of the data again",
        ("features",),
        True,
        "features",
    ),
    Action(
        "skew",
        "s",
        "s",
        "skew",
        "Compare the features that were served with the same computed offline",
        ("features",),
        True,
        "skew",
    ),
)
