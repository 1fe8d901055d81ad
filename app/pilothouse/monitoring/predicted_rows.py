"""Which row a logged prediction is of: the id that it is joined by with labels, and counted once by."""

from __future__ import annotations

from pilothouse.data.reading import literal
from pilothouse.data.row_ids import json_id_sql


def row_key_sql(name: str | None) -> str:
    """Return SQL over a line of the log for its row's own id, or else that of its request.

    Args:
        name: of the field with the id; None where rows have none.
    """
    if name is None:
        return "id"
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    own = f"(features -> {literal(pointer)})"
    return f"coalesce({json_id_sql(own)}, id)"


def told_rows(predictions: int, rows: int) -> str:
    """Say how many predictions there are, and of how many rows where some were asked for again."""
    said = "1 prediction" if predictions == 1 else f"{predictions:,} predictions"
    if rows == predictions:
        return said
    return f"{said} of {'1 row' if rows == 1 else f'{rows:,} rows'}"


def told_learned(count: int, version: int, *, every: bool = False) -> str:
    """Say that answers to rows which a version learned from do not count."""
    if every:
        return (
            f"No prediction of v{version} counts: all {count:,} are of rows of the data that it was made of."
        )
    more = "1 more is" if count == 1 else f"{count:,} more are"
    counts = "does" if count == 1 else "do"
    return f"{more} of rows of the data that v{version} was made of, and {counts} not count."


def told_left_out(count: int, version: int) -> str:
    """Say that rows of files do not count which a version learned from."""
    more = "1 more row is" if count == 1 else f"{count:,} more rows are"
    return f"{more} of the data that v{version} was made of, and {'does' if count == 1 else 'do'} not count."


def told_known_rows(count: int, rows: int, version: int) -> str:
    """Say that rows to look at are of the data that a version was made of."""
    which = "All of these rows" if count == rows else f"{count:,} of these {rows:,} rows"
    verb = "is" if count == 1 < rows else "are"
    return f"{which} {verb} of the data that v{version} was made of, so it answers them better than others"
