"""Errors that a person reads: what happened, what is untouched, what to do next."""

from __future__ import annotations


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
