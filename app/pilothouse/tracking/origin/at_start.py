"""What will not be there later: the script's own code and git's commit, as they are when a run begins.

The rest is found out by a process beside the run; until that has started, files may have been edited. What
is noted here costs the script some tenths of a millisecond, and imports nothing that it has not imported.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

START_NAME = "started.json"
"""In the run's folder, until it has become a part of the record."""
_MOST_BYTES = 1_000_000
_MOST_FILES = 500
_LAG = 10_000_000
"""So many nanoseconds may the clock that a file system writes by be behind: what was written just before the
run began counts as written later, rather than the other way round."""


@dataclass(frozen=True, slots=True)
class AsStarted:
    """What was noted when the run began.

    Attributes:
        at: nanoseconds since 1970. A file that was written later is not what ran, unless it is in `files`.
        files: content of the script and of its own modules, by absolute path.
        commit: git's commit in hex; empty if there was none, or it could not be read at once.
    """

    at: int
    files: Mapping[Path, bytes] = field(default_factory=dict)
    commit: str = ""


def note_start(run_dir: Path) -> None:
    """Note the code of this very process into a run's folder.

    Raises:
        OSError: the folder cannot be written.
    """
    at = time.time_ns() - _LAG
    files: dict[str, str] = {}
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    folder = Path(script).absolute().parent if script else Path.cwd()
    for name in _own_modules((str(folder), str(run_dir.parents[2].absolute()))):
        # It may be gone, or too long to be code: then it is not known, and said to be.
        with contextlib.suppress(OSError), Path(name).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
            if len(content) <= _MOST_BYTES and len(files) < _MOST_FILES:
                files[name] = content.decode("latin-1")
    noted = {"at": at, "files": files, "commit": _commit(folder)}
    (run_dir / START_NAME).write_text(json.dumps(noted), encoding="utf-8")


def read_start(run_dir: Path) -> AsStarted | None:
    """Return what was noted, or None if nothing was: the run was killed before, or is not of the API."""
    try:
        noted = json.loads((run_dir / START_NAME).read_bytes())
        files = {Path(name): str(text).encode("latin-1") for name, text in noted["files"].items()}
        return AsStarted(int(noted["at"]), files, str(noted["commit"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _own_modules(folders: tuple[str, ...]) -> Iterator[str]:
    """Yield the source files of imported modules that lie below these folders."""
    below = tuple(folder + os.sep for folder in folders if folder != os.sep)
    for module in list(sys.modules.values()):
        name = getattr(module, "__file__", None)
        # Texts, not paths: there may be thousands. Other people's code is told by the list of packages.
        if not isinstance(name, str) or not name.startswith(below):
            continue
        if name.endswith(".py") and "site-packages" not in name:
            yield name


def _commit(folder: Path) -> str:
    """Read git's commit from its files: to ask `git` would take longer than many a run."""
    try:
        for place in (folder, *folder.parents):
            git = place / ".git"
            if git.is_dir():
                head = (git / "HEAD").read_text().strip()
                return (git / head[5:]).read_text().strip() if head.startswith("ref: ") else head
    except (OSError, ValueError):
        # A packed or a broken reference: `git` is asked for it later.
        return ""
    return ""
