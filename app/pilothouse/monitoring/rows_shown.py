"""Whole rows of a file by their numbers, so that a person sees what stands around a value that was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pilothouse.data.engine import connect
from pilothouse.data.reading import Source, identifier, reading, scan_sql
from pilothouse.monitoring.examples import LONGEST
from pilothouse.monitoring.patience import Progress, Steps, patiently

MOST_COLUMNS = 60
"""Columns that are shown, the one in question first."""


@dataclass(frozen=True, slots=True)
class RowsShown:
    """Rows of a file: names of columns, and of each row its number and its values as text, None where one is
    missing. `more_columns` were left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str | None, ...]], ...]
    more_columns: int = 0


def rows_of(
    source: Source, numbers: Sequence[int], *, first: str = "", progress: Progress | None = None
) -> RowsShown:
    """Read rows of a file, which count from 1, in bounded memory; numbers beyond its end are left out.

    Args:
        source: the file.
        numbers: which rows.
        first: the column to put first, if the file has it.
        progress: called while it lasts; cancels by raising.

    Raises:
        DataError: the file cannot be read.
    """
    with connect() as con, reading(source):

        def work(steps: Steps) -> RowsShown:
            steps.next("reading")
            table = scan_sql(source)
            names = [str(row[0]) for row in con.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()]
            ordered = [name for name in names if name == first] + [name for name in names if name != first]
            shown = ordered[:MOST_COLUMNS]
            # A name that no column has; without an order of its own the window streams in the file's.
            place = max((name for name in names), key=len, default="") + "_"
            values = ", ".join(f"left(CAST({identifier(name)} AS VARCHAR), {LONGEST})" for name in shown)
            wanted = ", ".join(str(int(number)) for number in numbers) or "0"
            found = con.execute(
                f"SELECT {identifier(place)}, {values} FROM "
                f"(SELECT row_number() OVER () AS {identifier(place)}, * FROM {table}) "
                f"WHERE {identifier(place)} IN ({wanted}) ORDER BY 1"
            ).fetchall()
            rows = tuple((int(row[0]), tuple(row[1:])) for row in found)
            return RowsShown(tuple(shown), rows, len(names) - len(shown))

        return patiently(con, work, progress)
