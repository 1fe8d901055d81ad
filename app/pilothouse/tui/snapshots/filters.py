"""Saved filters: reading, saving and deleting them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilothouse.tracking.search import SavedFilter
    from pilothouse.workspace import Workspace


def saved_filters(workspace: Workspace) -> tuple[SavedFilter, ...]:
    """Return them in the order of their names."""
    from pilothouse.store import open_store
    from pilothouse.tracking.search import list_filters

    return tuple(list_filters(open_store(workspace)))


def save(workspace: Workspace, name: str, text: str) -> SavedFilter | None:
    """Save a search under a name; return what had that name before.

    Raises:
        UsageError: the name cannot be one, or the search cannot be read.
    """
    from pilothouse.store import open_store
    from pilothouse.tracking.search import list_filters, save_filter

    store = open_store(workspace)
    before = next((one for one in list_filters(store) if one.name == name.strip()), None)
    save_filter(store, name, text)
    return before


def delete(workspace: Workspace, name: str) -> SavedFilter:
    """Forget a saved filter; return it."""
    from pilothouse.store import open_store
    from pilothouse.tracking.search import delete_filter

    return delete_filter(open_store(workspace), name)
