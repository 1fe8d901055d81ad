"""Files that their checks hold back are left out wherever a whole folder is read, and that is said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pilothouse.cli.options import printable, say
from pilothouse.errors import PilothouseError

if TYPE_CHECKING:
    from pilothouse.store import Store


def leave_out_held(store: Store, model: str, files: Sequence[Path]) -> list[Path]:
    """Return the files that are not held for a model; the others are named in one line on stderr.

    Raises:
        PilothouseError: all of them are held.
    """
    from pilothouse.monitoring.verdicts import held_among

    held = held_among(store, model, files)
    left = [path for path in files if path not in held]
    if held:
        if not left:
            raise PilothouseError(
                f"Every file here is held back by its checks: {_listed([path.name for path in held])}.",
                next="See why with `pilothouse check`; take one in with `pilothouse check FILE --accept`.",
            )
        words = "1 held file is" if len(held) == 1 else f"{len(held):,} held files are"
        say(f"{words} left out: {_listed([path.name for path in held])}.")
    return left


def held_files(names: Sequence[str]) -> str:
    """Say how many files are held, and which: `2 files are held (a.csv, b.csv) and`."""
    words = "1 file is held" if len(names) == 1 else f"{len(names):,} files are held"
    return f"{words} ({_listed(names)}) and"


def _listed(names: Sequence[str]) -> str:
    some = ", ".join(printable(name, 60) for name in names[:5])
    return some + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")


def expand_without_held(store: Store, model: str, texts: Sequence[str]) -> list[Path]:
    """Turn what a person types into data files; held ones count only where they are named themselves."""
    from pilothouse.data.reading import expand

    named: list[Path] = []
    found: list[Path] = []
    for text in texts:
        (named if Path(text).is_file() else found).extend(expand(text))
    left = leave_out_held(store, model, [path for path in found if path not in named]) if found else []
    wanted = {*named, *left}
    return [path for path in dict.fromkeys(one for text in texts for one in expand(text)) if path in wanted]
