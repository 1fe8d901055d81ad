"""The one table of actions: keys, palette, footer and help are all read from it.

An action is carried out by a screen's (or the app's) method ``do_<id>``; a screen's ``why_not(id)`` says
why it cannot be now.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding

AREAS = (
    ("bridge", "1", "Bridge"),
    ("runs", "2", "Runs"),
    ("models", "3", "Models"),
    ("data", "4", "Data"),
    ("serving", "5", "Serving"),
    ("events", "6", "Events"),
)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do: ``keys`` as Textual names them (empty: only by its name in the palette),
    ``where`` the screens it exists on (empty: all of them)."""

    id: str
    keys: str
    shown: str
    label: str
    help: str
    where: tuple[str, ...] = ()
    footer: bool = True
    command: str = ""


RUN_LISTS = ("runs", "run")
CHART = ("chart",)
ACTIONS: tuple[Action, ...] = (
    # what a screen is for comes first: the footer shows as many as fit
    Action(
        "train",
        "t",
        "t",
        "train",
        "Start a training run",
        ("bridge", "runs", "models", "data"),
        True,
        "train",
    ),
    Action("mark", "space", "space", "mark", "Mark the run under the cursor", ("runs", "trash")),
    Action(
        "compare",
        "c",
        "c",
        "compare",
        "Compare the marked runs side by side",
        ("runs",),
        True,
        "compare A B",
    ),
    Action("differences", "x", "x", "differences", "Show only what differs, or everything", ("compare",)),
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
    Action(
        "details",
        "d",
        "d",
        "details",
        "Open everything known about this one",
        ("runs", "sweep", "models", "data", "events", "serving", "trash"),
        True,
        "show REF",
    ),
    Action("logs", "l", "l", "logs", "Open the run's log, following it live", RUN_LISTS, True, "logs RUN"),
    Action(
        "stop_run",
        "S",
        "S",
        "stop",
        "Stop the running training: first asked, then killed",
        RUN_LISTS,
        True,
        "stop RUN",
    ),
    Action(
        "rerun",
        "R",
        "R",
        "run again",
        "Start a run with the same recipe, parameters and data",
        RUN_LISTS,
        True,
        "train",
    ),
    Action("note", "e", "e", "note", "Write a note (a tag) on the run", RUN_LISTS, True, "tag RUN note=…"),
    Action(
        "delete",
        "D",
        "D",
        "delete",
        "Move the marked runs, or this one, to the trash",
        RUN_LISTS,
        True,
        "delete RUN",
    ),
    Action(
        "trash",
        "T",
        "T",
        "trash",
        "Open the trash: restore runs, or purge them",
        RUN_LISTS,
        False,
        "delete --list",
    ),
    Action(
        "restore",
        "r",
        "r",
        "restore",
        "Take the marked runs, or this one, out of the trash",
        ("trash",),
        True,
        "delete RUN --undo",
    ),
    Action(
        "purge",
        "X",
        "X",
        "purge",
        "Remove the marked runs, or this one, for good: asks first",
        ("trash",),
        True,
        "delete RUN --purge",
    ),
    Action(
        "promote",
        "P",
        "P",
        "promote",
        "Make a version champion, after its gates",
        ("bridge", "models"),
        True,
        "promote VERSION",
    ),
    Action(
        "rollback",
        "ctrl+l",
        "^l",
        "rollback",
        "Go back to the version that was live before",
        ("bridge", "models", "serving"),
        True,
        "rollback",
    ),
    Action(
        "compare_versions",
        "c",
        "c",
        "compare",
        "Compare the marked versions, or this one with what is live",
        ("models",),
        True,
        "compare v1 v2",
    ),
    Action("mark_version", "space", "space", "mark", "Mark the version under the cursor", ("models",)),
    Action(
        "watch",
        "w",
        "w",
        "watch",
        "Start or stop watching the data folder",
        ("bridge", "data"),
        True,
        "watch",
    ),
    Action(
        "check",
        "u",
        "u",
        "judge",
        "Judge the files in the data folder now",
        ("bridge", "data"),
        True,
        "watch --once",
    ),
    Action(
        "deliver",
        "n",
        "n",
        "next month",
        "Demo: let the next month's file land in the data folder",
        ("bridge", "data"),
        False,
        "demo --deliver",
    ),
    Action(
        "accept",
        "a",
        "a",
        "accept",
        "Take in a file that its checks hold back",
        ("bridge", "data"),
        True,
        "check FILE --accept",
    ),
    Action(
        "serve", "s", "s", "start", "Start the server in the background", ("serving",), True, "serve --detach"
    ),
    Action("unserve", "S", "S", "stop", "Stop the server", ("serving",), True, "serve --stop"),
    Action(
        "predict",
        "i",
        "i",
        "try a prediction",
        "Send one real row to the server",
        ("serving",),
        True,
        "predict",
    ),
    Action(
        "saved",
        "f",
        "f",
        "saved filters",
        "Use a saved filter, or save this one",
        ("runs",),
        False,
        "filters",
    ),
    Action("sort", "s", "s", "sort", "Sort by the next column", ("runs",), True, "runs --sort COLUMN"),
    Action(
        "columns",
        "C",
        "C",
        "columns",
        "Choose, move and size the columns",
        ("runs",),
        True,
        "runs --columns …",
    ),
    Action(
        "group",
        "b",
        "b",
        "group by",
        "One row for each value of a parameter, a tag or an attribute",
        ("runs",),
        True,
        "runs --group-by COLUMN",
    ),
    Action(
        "tags",
        "number_sign",
        "#",
        "tags",
        "Set or remove tags of the marked runs, or of this one",
        RUN_LISTS,
        False,
        "tag RUN KEY=VALUE",
    ),
    Action("reverse", "o", "o", "reverse", "Turn the order round", ("runs",), False),
    Action("follow", "f", "f", "follow", "Follow the end of the log, or stay", ("log",)),
    Action(
        "filter", "slash", "/", "filter", "Show only what matches", ("runs", "run", "events", "log", "data")
    ),
    Action(
        "copy",
        "y",
        "y",
        "copy",
        "Copy the id or value under the cursor; a comparison as Markdown",
        ("runs", "run", "sweep", "models", "data", "datasets", "events", "serving", "compare", "trash"),
        False,
    ),
    Action("next_model", "m", "m", "next model", "Steer the next model of this workspace", (), False),
    Action(
        "range",
        "v",
        "v",
        "range",
        "Mark every run from here to where v or space is pressed",
        ("runs",),
        False,
    ),
    Action(
        "undo",
        "z",
        "z",
        "undo",
        "Put back the last change made here: a delete, a note, tags",
        (*RUN_LISTS, "trash"),
        False,
    ),
    # by their names in the palette only
    Action(
        "import_runs",
        "",
        ":",
        "import from MLflow",
        "Palette: take over the runs of an MLflow store",
        ("runs",),
        False,
        "import PATH",
    ),
    Action(
        "export_runs",
        "",
        ":",
        "export runs",
        "Palette: write the runs of this filter as CSV, JSON, Parquet or for MLflow",
        ("runs",),
        False,
        "export DEST",
    ),
    Action(
        "clean_up",
        "",
        ":",
        "clean up",
        "Palette: show what nothing needs any more, and remove it",
        ("bridge", "runs"),
        False,
        "gc",
    ),
    Action(
        "back_up",
        "",
        ":",
        "back up",
        "Palette: write the whole workspace into one file",
        ("bridge", "runs"),
        False,
        "backup FILE",
    ),
    Action("zoom", "plus", "+", "zoom", "Give the panel in focus the whole screen, and back", (), False),
    Action("refresh", "ctrl+r", "^r", "refresh", "Read everything again now", (), False),
    # the parts of the run's screen stand in a line above them
    Action("draw", "space", "space", "draw", "Draw the metric under the cursor, or take it away", ("run",)),
    Action(
        "x_axis",
        "x",
        "x",
        "step or time",
        "Draw the curves by step, or by the time since the start",
        ("run",),
    ),
    Action(
        "tab_overview",
        "o",
        "o",
        "overview",
        "Status, metrics with their best, params",
        ("run",),
        False,
        "show RUN",
    ),
    Action("tab_curves", "c", "c", "curves", "Curves of the metrics", ("run",), False, "metrics RUN KEY"),
    Action("tab_code", "d", "d", "code", "Commit, patch, the files that ran", ("run",), False, "show RUN"),
    Action(
        "tab_environment",
        "v",
        "v",
        "environment",
        "Packages, host, threads, seed",
        ("run",),
        False,
        "show RUN",
    ),
    Action(
        "tab_artifacts", "a", "a", "artifacts", "Files that it kept", ("run",), False, "artifacts RUN PATH"
    ),
    Action(
        "next_tab",
        "right_square_bracket",
        "]",
        "next part",
        "The part of the run to the right",
        ("run",),
        False,
    ),
    Action(
        "previous_tab", "left_square_bracket", "[", "previous part", "The part to the left", ("run",), False
    ),
    # many runs at once
    Action("sweep", "W", "W", "sweep", "Search parameters with many runs", ("runs",), True, "sweep"),
    Action(
        "winner",
        "t",
        "t",
        "train the winner",
        "Train the best trial on all rows, judged on the holdout",
        ("sweep",),
        True,
        "sweep --register",
    ),
    Action(
        "by_parameter",
        "p",
        "p",
        "by parameter",
        "Draw the score by the next parameter, or by trial",
        ("sweep",),
    ),
    Action(
        "stop_sweep", "S", "S", "stop", "Stop the sweep; the best is kept", ("sweep",), True, "stop SWEEP"
    ),
    Action(
        "resume_sweep",
        "R",
        "R",
        "go on",
        "Go on with a sweep that ended early: only what is missing runs",
        ("sweep",),
        True,
        "sweep --resume SWEEP",
    ),
    # a chart that has the focus
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
    # the same everywhere
    *(Action(f"go_{name}", key, key, title, f"Go to {title}", (), False) for name, key, title in AREAS),
    Action("palette", "colon", ":", "go to", "Find an action by its name", (), True),
    Action("help", "question_mark", "?", "help", "Show the keys of this screen", (), True),
    Action(
        "back",
        "escape",
        "esc",
        "back",
        "Close, clear or go back; never quits",
        ("run", "sweep", "log", "compare", "runs", "models", "events", "data", "datasets", "trash"),
        False,
    ),
    Action("quit", "q", "q", "quit", "Leave; what runs in the background goes on", (), True),
)
BY_ID = {action.id: action for action in ACTIONS}

MOVES: tuple[tuple[str, str], ...] = (
    ("j k  ↓ ↑", "down, up"),
    ("g  G", "first, last"),
    ("^d ^u", "half a page down, up"),
    ("← →", "scroll sideways where a table is wider"),
    ("tab", "to the next panel"),
    ("enter", "open what is under the cursor"),
)


PARTS = {"run": CHART, "compare": CHART}
"""Screens with a part that has keys of its own while it is in focus."""


def actions_of(context: str) -> tuple[Action, ...]:
    """The actions that exist on the screen ``context``, in the order of the footer."""
    return tuple(action for action in ACTIONS if not action.where or context in action.where)


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
