"""Folders that can only be read, also by the superuser of a container."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_DROP = 24
"""PR_CAPBSET_DROP: a capability that no program started from here on has."""
_OVERRIDES = (1, 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: what lets the superuser write and read everywhere."""


def _as_anybody() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in _OVERRIDES:
        if libc.prctl(_DROP, capability, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "the capability cannot be given up")


def anybody(folder: Path) -> Callable[[], None] | None:
    """Return what a child does before it starts, to be one whom `chmod` keeps from writing.

    Args:
        folder: one that is read-only, to try it on; the test is skipped where nobody is kept from it.
    """
    before = _as_anybody if hasattr(os, "geteuid") and os.geteuid() == 0 else None
    tries = [sys.executable, "-c", f"open({str(folder / 'tried')!r}, 'w')"]
    with contextlib.suppress(subprocess.SubprocessError):
        if subprocess.run(tries, preexec_fn=before, capture_output=True, check=False).returncode:
            return before
    (folder / "tried").unlink(missing_ok=True)
    pytest.skip("here a folder cannot be made read-only")


@contextlib.contextmanager
def read_only(root: Path) -> Iterator[Callable[[], None] | None]:
    """Let nobody write below `root` meanwhile; yield what a child does before it starts, see `anybody`."""
    paths = [root, *(path for path in root.rglob("*") if not path.is_symlink())]
    modes = {path: path.stat().st_mode for path in paths}
    try:
        for path in reversed(paths):
            path.chmod(modes[path] & 0o555)
        yield anybody(root)
    finally:
        for path in paths:
            path.chmod(modes[path])
