"""Whether there is memory enough to learn from rows, asked before hours are spent on finding out."""

from __future__ import annotations

from pilothouse.errors import PilothouseError

PER_CELL = 30
"""Bytes that one value takes while rows are read and divided, measured with pandas 3; a fit takes more."""
FEWER = (
    "Learn from fewer rows: leave older files out of the data folder, or let a script that reads them piece"
    " by piece do it, as `command` under [training]."
)


def require_room(rows: int, columns: int, free: int | None = None) -> None:
    """Refuse what surely does not fit.

    Args:
        rows, columns: of the data.
        free: bytes of memory that can be had; by default what the system says, swap included.

    Raises:
        PilothouseError: reading the rows alone takes more than that.
    """
    needed = rows * columns * PER_CELL
    if free is None:
        import psutil

        free = int(psutil.virtual_memory().available + psutil.swap_memory().free)
    if needed > free:
        raise PilothouseError(
            f"{rows:,} rows of {columns} columns take at least {needed / 1e9:,.1f} GB of memory to learn"
            f" from, and {free / 1e9:,.1f} GB are free.",
            untouched="No version was made.",
            next=FEWER,
        )
