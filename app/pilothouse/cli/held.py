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
        names = ", ".join(printable(path.name, 60) for path in held[:5])
        names += f" and {len(held) - 5:,} more" if len(held) > 5 else ""
        words = "1 held file is" if len(held) == 1 else f"{len(held):,} held files are"
        if not left:
            raise PilothouseError(
                f"Every file here is held back by its checks: {names}.",
                next="See why with `pilothouse drift`; take one in with `pilothouse check FILE --accept`.",
            )
        say(f"{words} left out: {names}.")
    return left


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
