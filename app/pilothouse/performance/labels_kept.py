"""Labels that came after the predictions, in the store: one for each id, the later one counts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pilothouse.errors import is_interrupt
from pilothouse.monitoring.patience import Progress
from pilothouse.performance.labels import Refused
from pilothouse.store import Store, dumps, loads, record

_AT_ONCE = 5_000
"""Labels a transaction: some 40 ms, for which nobody else can use the store."""
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class KeptLabels:
    """What became of labels: `changed` had another value before, `same` had this one already.

    `without` had no value and were passed over. `unknown` are the ids of no prediction that is logged so far;
    they are kept all the same, since a prediction may be logged late. The `_ids` are a few of each.
    `refused_count` labels were not taken, so what was known of their ids stays; `refused` has the first 100.
    """

    given: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    without: int = 0
    unknown: int = 0
    changed_ids: tuple[str, ...] = field(default=())
    unknown_ids: tuple[str, ...] = field(default=())
    refused_count: int = 0
    refused: tuple[Refused, ...] = field(default=())
    files: tuple[tuple[str, int], ...] = field(default=())
    """Judged files that lacked labels, and how many of their rows these are of."""


def keep_labels(
    store: Store,
    model: str,
    labels: Mapping[str, Any],
    source: str,
    *,
    tell: bool = True,
    actor: str = "",
    progress: Progress | None = None,
) -> KeptLabels:
    """Store labels; each part of 5,000 is one transaction, and giving them again changes nothing.

    Args:
        store: of the workspace.
        model: whose predictions they belong to.
        labels: by id.
        source: where they came from, for the event.
        tell: leave an event of new ones too; labels that change are always told.
        actor: who gave them; the current user unless given.
        progress: called before each part; cancels by raising, and the parts before it stay.

    Raises:
        KeyboardInterrupt: Ctrl-C; it notes how many are kept.
    """
    new = changed = same = 0
    examples: list[dict[str, Any]] = []
    items = list(labels.items())
    for start in range(0, len(items), _AT_ONCE):
        part = dict(items[start : start + _AT_ONCE])
        with _told(start, len(items), progress), store.transaction() as tx:
            before = {
                row["id"]: loads(row["value"])
                for row in tx.rows(
                    "SELECT id, value FROM labels WHERE model = ? AND id IN (SELECT unnest(?))",
                    [model, list(part)],
                )
            }
            fresh = {key: value for key, value in part.items() if before.get(key, _NOTHING) != value}
            turned = [key for key in fresh if key in before]
            same += len(part) - len(fresh)
            new += len(fresh) - len(turned)
            changed += len(turned)
            here = [
                {"id": key, "before": before[key], "now": fresh[key]}
                for key in turned[: _EXAMPLES - len(examples)]
            ]
            examples += here
            if fresh:
                tx.execute(
                    "INSERT OR REPLACE INTO labels (model, id, value, source, recorded_at)"
                    " SELECT ?, unnest(?), unnest(?), ?, ?",
                    [
                        model,
                        list(fresh),
                        [dumps(value) for value in fresh.values()],
                        source,
                        datetime.now(UTC),
                    ],
                )
            if turned or (fresh and tell):
                count = len(fresh) - len(turned)
                words = f"{count:,} label{'' if count == 1 else 's'} came from {source}"
                words += f"; {len(turned):,} replaced another value." if turned else "."
                data = {"new": count, "changed": len(turned), "examples": here}
                record(tx, "labels", model, words, data, actor or None)
    return KeptLabels(len(items), new, changed, same, changed_ids=tuple(str(one["id"]) for one in examples))


@contextlib.contextmanager
def _told(kept: int, of: int, progress: Progress | None) -> Iterator[None]:
    try:
        if progress is not None:
            progress(kept / of, f"{kept:,} of {of:,} labels kept")
        yield
    except BaseException as error:
        if is_interrupt(error):
            error.add_note(f"The first {kept:,} of {of:,} labels are kept; giving all again changes nothing.")
        raise


def labels_by_id(store: Store, model: str, ids: Sequence[str]) -> dict[str, Any]:
    """Return the labels of these ids, where there are any."""
    found: dict[str, Any] = {}
    for start in range(0, len(ids), 20 * _AT_ONCE):
        rows = store.query(
            "SELECT id, value FROM labels WHERE model = ? AND id IN (SELECT unnest(?))",
            [model, list(ids[start : start + 20 * _AT_ONCE])],
        )
        found |= {row["id"]: loads(row["value"]) for row in rows}
    return found


_NOTHING = object()
