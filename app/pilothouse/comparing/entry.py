"""A comparison in a process of its own, told line by line as JSON: for screens, which never load numpy.

Each line of standard output is one of `{"saying", "share"}`, `{"section", "tree"}`, `{"untold", "why"}`,
`{"error", "next"}`; `{"done": true}` is the last of a comparison that came to its end.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from pilothouse.errors import PilothouseError, in_words
from pilothouse.jsontext import dumps
from pilothouse.processes import collect_seldom


def main(argv: Sequence[str] | None = None) -> int:
    """Compare what the arguments name; 0 if it came to its end."""
    parser = argparse.ArgumentParser(prog="pilothouse.comparing.entry")
    parser.add_argument("--workspace", required=True)
    parser.add_argument("--by", action="append", default=[])
    parser.add_argument("refs", nargs="+")
    given = parser.parse_args(argv)
    collect_seldom()
    # Whoever waits for a key comes first.
    with contextlib.suppress(OSError, AttributeError):
        os.nice(5)
    try:
        _tell_all(Path(given.workspace), given.refs, given.by)
    except BrokenPipeError:
        # Nobody listens any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (PilothouseError, OSError) as error:
        told = error if isinstance(error, PilothouseError) else in_words(error)
        _write({"error": told.what, "next": told.next})
        return 1
    _write({"done": True})
    return 0


def _tell_all(root: Path, refs: Sequence[str], by: Sequence[str]) -> None:
    from pilothouse.comparing.subjects import find_subjects
    from pilothouse.comparing.whole import sections
    from pilothouse.store import open_store
    from pilothouse.tracking.directions import declare
    from pilothouse.workspace import find_workspace

    workspace = find_workspace(root)
    declare(workspace.config().directions)
    store = open_store(workspace)
    last: tuple[str, int] = ("", -1)

    def tell(saying: str, share: float | None) -> None:
        nonlocal last
        now = (saying, -1 if share is None else int(share * 20))
        if now != last:
            last = now
            _write({"saying": saying, "share": share})

    for name, section in sections(workspace, store, find_subjects(store, refs), by=by, tell=tell):
        if name == "untold":
            _write({"untold": section[0], "why": section[1]})
        else:
            _write({"section": name, "tree": _plain(section)})


def _plain(section: Any) -> Any:
    if isinstance(section, tuple | list):
        return [_plain(one) for one in section]
    return asdict(section) if is_dataclass(section) and not isinstance(section, type) else section


def _write(line: dict[str, Any]) -> None:
    sys.stdout.write(dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
