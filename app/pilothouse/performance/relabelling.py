"""Files whose harm was judged before their labels came: found again by the ids of their rows, judged anew.

What is to be looked at is derived from the store: a judged file that lacks labels, and a label that is newer
than the last look at the file. A look leaves its moment, and how many rows had a label, in the kept report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pilothouse.config import ModelConfig
from pilothouse.data.row_ids import ids_of_file
from pilothouse.errors import PilothouseError
from pilothouse.performance.harms_kept import KeptHarm, Waiting
from pilothouse.performance.labels_kept import labels_by_id
from pilothouse.registry.versions import get_version
from pilothouse.store import Store, dumps, loads

_GROWN = 1.1
"""A file is judged anew when so many times as many of its rows have a label as at the last look, or all."""


@dataclass(frozen=True, slots=True)
class Short:
    """A judged file of `rows` rows, of which `labelled` had a label; `joined` had one of the store's."""

    file: Waiting
    version: int
    rows: int
    labelled: int
    joined: int


def short_of_labels(store: Store, model: str, *, since: bool = False) -> list[Short]:
    """Return judged files that lack labels, the oldest first; `since` only where any label came since."""
    rows = store.query(
        "WITH judged AS (SELECT name, sha256, version, recorded_at,"
        "   TRY_CAST(json_extract_string(report, '$.harm.rows') AS BIGINT) AS rows,"
        "   TRY_CAST(json_extract_string(report, '$.harm.labelled') AS BIGINT) AS labelled,"
        "   coalesce(TRY_CAST(json_extract_string(report, '$.labels.joined') AS BIGINT), 0) AS joined,"
        "   greatest(recorded_at, TRY_CAST(json_extract_string(report, '$.labels.looked_at') AS TIMESTAMP))"
        "     AS looked_at FROM harms WHERE model = ?)"
        " SELECT * FROM judged WHERE labelled < rows"
        " AND (NOT ? OR looked_at < (SELECT max(recorded_at) FROM labels WHERE model = ?))"
        " ORDER BY recorded_at, name",
        [model, since, model],
    )
    return [
        Short(
            Waiting(model, row["name"], row["sha256"]), int(row["version"]), int(row["rows"]),
            int(row["labelled"]), int(row["joined"]),
        )
        for row in rows
    ]  # fmt: skip


def rows_by_file(store: Store, config: ModelConfig, ids: Sequence[str]) -> dict[str, set[str]]:
    """Return by name which of these ids the judged files have that lack labels."""
    found = {}
    for one in short_of_labels(store, config.name):
        if here := _ids(store, config, one, ids):
            found[one.file.name] = here
    return found


def look_again(
    store: Store, config: ModelConfig, one: Short, tell: Callable[[str], None] = lambda text: None
) -> KeptHarm | None:
    """Judge a file anew for the version that it was judged for, if enough labels have come; else None.

    Where that goes wrong `tell` is told why, what was found stays, and it is tried when more labels come.
    """
    from pilothouse.performance.arrivals import judge_arrival

    began = datetime.now(UTC).replace(tzinfo=None)
    joined = len(labels_by_id(store, config.name, sorted(_ids(store, config, one))))
    kept = None
    if joined > one.joined and (one.labelled + joined >= one.rows or joined >= _GROWN * one.joined):
        try:
            version = get_version(store, str(one.version), config.name)
            kept = judge_arrival(store, version, config, one.file, again=True)
        except PilothouseError as error:
            tell(f"{error.what} {error.untouched}".rstrip())
    if kept is None:
        joined = one.joined
    with store.transaction() as tx:
        key = [config.name, one.file.name, one.file.sha256]
        where = "model = ? AND name = ? AND sha256 = ?"
        report = loads(tx.value(f"SELECT report FROM harms WHERE {where}", key)) or {}
        report["labels"] = {"looked_at": began.isoformat(sep=" "), "joined": joined}
        tx.execute(f"UPDATE harms SET report = ? WHERE {where}", [dumps(report), *key])
    return kept


def _ids(store: Store, config: ModelConfig, one: Short, ids: Sequence[str] | None = None) -> set[str]:
    from pilothouse.performance.arrivals import bytes_of

    try:
        return ids_of_file((one.file.name, bytes_of(store, config, one.file)), config.data.id, ids)
    except PilothouseError:
        # A file that is gone, or cannot be read any more, gets no labels.
        return set()
