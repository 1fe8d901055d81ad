"""Runs or versions side by side."""

from __future__ import annotations

from pilothouse.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        "differences",
        "x",
        "x",
        "differences",
        "Show only what differs, or everything",
        ("compare", "dataset_diff"),
    ),
    Action(
        "pin",
        "p",
        "p",
        "pin baseline",
        "Make this the baseline that others are compared with",
        ("runs", "compare"),
    ),
    Action(
        "slice_by",
        "b",
        "b",
        "slice by",
        "Measure by the values of a column",
        ("compare",),
        True,
        "compare --by",
    ),
    Action(
        "save",
        "w",
        "w",
        "save",
        "Save it as Markdown, CSV or JSON",
        ("compare",),
        True,
        "compare --save FILE",
    ),
    *(
        Action(f"part_{name}", key, key, name, words, ("compare",), False)
        for name, key, words in (
            ("facts", "f", "What differs, and does it matter"),
            ("curves", "c", "Curves over each other, ROC or residuals among them"),
            ("slices", "l", "Where each is worst, by the values of a column"),
            ("code", "d", "The lines that differ"),
            ("environment", "v", "Packages, Python, machine, threads"),
            ("data", "a", "How the data differs that they learned from"),
        )
    ),
    Action(
        "next_part", "right_square_bracket", "]", "next part", "The part to the right", ("compare",), False
    ),
    Action(
        "previous_part",
        "left_square_bracket",
        "[",
        "previous part",
        "The part to the left",
        ("compare",),
        False,
    ),
)
