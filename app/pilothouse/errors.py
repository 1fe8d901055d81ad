"""Errors that a person reads: what happened, what is untouched, what to do next."""

from __future__ import annotations

import errno

NOT_ALLOWED = (errno.EROFS, errno.EACCES, errno.EPERM)
"""What the operating system answers where one may not write, or not read."""
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)


class PilothouseError(Exception):
    """A failure told in words.

    Args:
        what: one sentence that says what happened.
        untouched: what is still as it was, if that is worth saying.
        next: what the reader can do about it.
    """

    exit_code = 1

    def __init__(self, what: str, *, untouched: str = "", next: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.untouched = untouched
        self.next = next

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.untouched, self.next) if part)


class UsageError(PilothouseError):
    """The command's words or options do not fit together; exits with 2."""

    exit_code = 2


class NotFoundError(PilothouseError):
    """A run, version, file or workspace that was named does not exist."""


class ConfigError(PilothouseError):
    """`pilothouse.toml` is missing, unreadable or says something it cannot mean."""


def is_interrupt(error: BaseException) -> bool:
    """Say whether it is Ctrl-C: DuckDB, which hears it during a query, makes an error of its own of it."""
    kind = type(error)
    if kind.__name__ == "InterruptException" and kind.__module__.lstrip("_").startswith("duckdb"):
        return True
    return isinstance(error, KeyboardInterrupt) or (
        kind is RuntimeError and str(error) == "Query interrupted"
    )


def in_words(error: OSError) -> PilothouseError:
    """Return what the operating system refused as an error for a person."""
    where = f"{error.filename}: " if error.filename is not None else ""
    if error.errno in _FULL:
        return PilothouseError(
            f"{where}the disk is full." if where else "The disk is full.",
            untouched="What was there before is as it was.",
            next="Free some space and try again.",
        )
    if error.errno in NOT_ALLOWED:
        return PilothouseError(
            f"{where}{error.strerror}.",
            untouched="What is there is as it was.",
            next="Look who may read and write there, or work on a copy of the folder where you may write.",
        )
    why = error.strerror or str(error) or type(error).__name__
    return PilothouseError(f"{where}{why}.", next="Add --debug to see where.")
