"""The run of a script that Pilothouse started: who in the script joins it, and what it is called."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pilothouse.tracking.writer import JOURNAL_NAME, RunWriter

RUN_DIR_VARIABLE = "PILOTHOUSE_RUN_DIR"
"""Set for a script that Pilothouse started: the folder of its run."""
NAME_TAG = "script_name"
"""What the script calls its run, where the person who started it gave another name."""
_CLAIM = "joined"


def claim(folder: Path) -> bool:
    """Say whether whoever asks is the first to start a run in a script, and so the script's own run.

    The later ones, in whatever process of the script, have runs of their own: their parameters and points
    would stand in the place of the first one's.
    """
    try:
        os.close(os.open(folder / _CLAIM, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
    except FileExistsError:
        return False
    except OSError:
        # On a full disk all go on as one run, rather than none.
        return True
    return True


def give_name(writer: RunWriter, name: str) -> None:
    """Call a run as the script does, unless a person has named it: then that stands, with a tag beside it."""
    if not name:
        return
    start = _start_of(writer.folder)
    if start.get("named") is False:
        writer.rename(name)
    elif start.get("name") != name:
        writer.set_tags({NAME_TAG: name})


def _start_of(folder: Path) -> dict[str, object]:
    with (folder / JOURNAL_NAME).open("rb") as journal:
        line = journal.readline()
    try:
        start = json.loads(line)
    except ValueError:
        return {}
    return start if isinstance(start, dict) else {}
