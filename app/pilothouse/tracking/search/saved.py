"""Searches kept under a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pilothouse.errors import NotFoundError, UsageError
from pilothouse.store import Store, record
from pilothouse.tracking.search.errors import nearest
from pilothouse.tracking.search.search import parse

_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """A search and its name. The text is kept, so that `2 days ago` stays two days ago."""

    name: str
    text: str
    saved_at: datetime


def save_filter(store: Store, name: str, text: str, *, actor: str | None = None) -> SavedFilter:
    """Keep a search under a name, in place of what had it.

    Raises:
        SearchError: the search cannot be read.
        UsageError: the name is empty, too long, or has characters that cannot be shown.
    """
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise UsageError(
            f"A filter's name has 1 to {_LONGEST_NAME} characters that can be shown.",
            untouched="Nothing was saved.",
        )
    parse(text)
    saved = SavedFilter(name, text.strip(), datetime.now(UTC))
    with store.transaction() as tx:
        tx.execute(
            "INSERT OR REPLACE INTO filters VALUES (?, ?, ?)", [saved.name, saved.text, saved.saved_at]
        )
        message = f"The filter {saved.name} was saved."
        record(tx, "filter", saved.name, message, {"search": saved.text}, actor)
    return saved


def list_filters(store: Store) -> list[SavedFilter]:
    """Return every saved search in the order of the names."""
    rows = store.query("SELECT name, text, saved_at FROM filters ORDER BY lower(name), name")
    return [SavedFilter(**row) for row in rows]


def get_filter(store: Store, name: str) -> SavedFilter:
    """Return the search of this name.

    Raises:
        NotFoundError: there is none; says which name is near.
    """
    found = {saved.name: saved for saved in list_filters(store)}
    if name.strip() not in found:
        near = nearest(name, found)
        how = "Save one by `pilothouse filters save NAME SEARCH`, or from the filter box."
        hint = f"Did you mean {near!r}?" if near else how
        raise NotFoundError(f"There is no filter {name[:80]!r}.", next=hint)
    return found[name.strip()]


def delete_filter(store: Store, name: str, *, actor: str | None = None) -> SavedFilter:
    """Forget a saved search; return it, so that it can be saved again.

    Raises:
        NotFoundError: there is none of this name.
    """
    saved = get_filter(store, name)
    with store.transaction() as tx:
        tx.execute("DELETE FROM filters WHERE name = ?", [saved.name])
        message = f"The filter {saved.name} was deleted."
        record(tx, "filter", saved.name, message, {"search": saved.text}, actor)
    return saved
