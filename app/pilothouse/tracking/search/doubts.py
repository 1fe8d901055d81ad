"""Why a search may have found nothing: names and states in it that no run has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pilothouse.tracking.search.errors import nearest
from pilothouse.tracking.search.keys import named_like
from pilothouse.tracking.search.nodes import Among, Compare, Field, Missing, Node, Text, walk
from pilothouse.tracking.search.plain_words import about_words
from pilothouse.tracking.search.values import status_of
from pilothouse.tracking.statuses import STATUSES

if TYPE_CHECKING:
    from pilothouse.store import Store

_ONE = {"metrics": "metric", "params": "parameter", "tags": "tag"}
_MOST = 3
_KEYS = 20_000


def doubts(store: Store, root: Node | None) -> list[str]:
    """Return what in a search no run can match, in sentences; empty if every name in it exists.

    Reads every key there is: for a search that found nothing, when a person waits for the reason.
    """
    if root is None:
        return []
    fields = [node.field for node in walk(root) if isinstance(node, Compare | Among | Missing)]
    said = [_missing_key(store, field) for field in dict.fromkeys(fields)]
    said += [unknown_status(value) for value in _statuses(root)]
    said += [_name_for_id(store, node) for node in walk(root) if isinstance(node, Compare)]
    said += about_words(root, lambda name: named_like(store, name))
    return list(dict.fromkeys(one for one in said if one))[:_MOST]


def _name_for_id(store: Store, node: Compare) -> str:
    """Say which id was meant where an id is compared with the name of a run."""
    key = node.field.key
    is_id = node.field.section == "attributes" and key in ("parent", "run_id")
    if not is_id or node.operator != "=" or not isinstance(node.value, Text):
        return ""
    name = node.value.value
    with store.reading() as tx:
        rows = tx.rows("SELECT run_id FROM runs WHERE name = ? ORDER BY started_at DESC LIMIT 1", [name])
    if not rows:
        return ""
    return f"`{key}` is an id, and that of `{name[:60]}` is {rows[0]['run_id']}: {key} = {rows[0]['run_id']}"


def unknown_status(value: str) -> str:
    """Say that a text is no status, and which it may be; nothing for one that is."""
    if status_of(value) in STATUSES:
        return ""
    near = nearest(value, [status.lower() for status in STATUSES])
    hint = f"did you mean `{near}`?" if near else f"there is {', '.join(map(str.lower, STATUSES))}."
    return f"No run can have the status `{value[:60]}`; {hint}"


def _missing_key(store: Store, field: Field) -> str:
    table = field.section
    if table == "attributes":
        return ""
    with store.reading() as tx:
        if tx.rows(f"SELECT 1 FROM {table} WHERE key = ? LIMIT 1", [field.key]):
            return ""
        rows = tx.rows(f"SELECT DISTINCT key FROM {table} ORDER BY key LIMIT {_KEYS}")
    keys = [row["key"] for row in rows]
    # What is near is found in small letters, and told as it is written.
    near = {key.lower(): key for key in keys}.get(nearest(field.key, [key.lower() for key in keys]), "")
    hint = f"; did you mean `{near}`?" if near else "."
    return f"No run has a {_ONE[table]} `{field.key[:60]}`{hint}"


def _statuses(root: Node) -> Iterator[str]:
    for node in walk(root):
        if isinstance(node, Compare) and node.operator in ("=", "!="):
            values = [node.value]
        elif isinstance(node, Among):
            values = list(node.values)
        else:
            continue
        if node.field == Field("attributes", "status"):
            yield from (value.value.lower() for value in values if isinstance(value, Text))
