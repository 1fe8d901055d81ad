"""The list of runs, and what is done to a run wherever it is shown."""

from __future__ import annotations

from pilothouse.tui.actions.action import Action

RUN_LISTS = ("runs", "run")

MARKED: tuple[Action, ...] = (
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
)
"""What a list of runs is for: stands first in its footer."""

ONE: tuple[Action, ...] = (
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
        "Start the same again: recipe or command, folder, parameters, data",
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
)
"""What is done to the run under the cursor, or to the one that is open."""

LISTED: tuple[Action, ...] = (
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
    Action(
        "sort",
        "s",
        "s",
        "sort",
        "Sort by the next column; a click on a header takes that one",
        ("runs",),
        True,
        "runs --sort COLUMN",
    ),
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
)
"""How the list is found, ordered and cut."""

MANY: tuple[Action, ...] = (
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
)
"""Ranges, undoing, and runs that come and go."""
