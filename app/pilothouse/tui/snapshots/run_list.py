"""The list of runs: a page of it, a page of groups, what lies between two of its rows, and its layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pilothouse.tracking.grouping import GroupOrder, Groups
    from pilothouse.tracking.layouts import TableLayout
    from pilothouse.tracking.runs import RunPage
    from pilothouse.tracking.search.nodes import Field
    from pilothouse.tracking.selecting import Order
    from pilothouse.tui.snapshots.changes import Stamp
    from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Look:
    """Whether anything changed, and for a model that was not seen before the layout kept for it."""

    stamp: Stamp
    model: str
    layout: TableLayout | None = None
    wrong: str = ""


def look(workspace: Workspace, model: str, seen: str | None) -> Look:
    """Return the stamp of the store; the layout too, unless that of ``model`` was ``seen``."""
    from pilothouse.tui.snapshots.changes import stamp

    if model == seen:
        return Look(stamp(workspace), model)
    from pilothouse.store import open_store
    from pilothouse.tracking.layouts import load_layout, runs_layout

    layout, wrong = load_layout(open_store(workspace), runs_layout(model))
    return Look(stamp(workspace), model, layout, wrong)


def keep_layout(workspace: Workspace, model: str, layout: TableLayout) -> None:
    """Remember a layout."""
    from pilothouse.store import open_store
    from pilothouse.tracking.layouts import runs_layout, save_layout

    save_layout(open_store(workspace), runs_layout(model), layout)


def run_page(workspace: Workspace, text: str, order: Order, limit: int, offset: int) -> RunPage:
    """Return one page of the runs that match the search ``text``.

    Raises:
        SearchError: it cannot be read.
    """
    from pilothouse.store import open_store
    from pilothouse.tracking.runs import read_page
    from pilothouse.tracking.search import parse

    return read_page(open_store(workspace), parse(text), order, limit, offset)


def why_nothing(workspace: Workspace, text: str) -> tuple[int, list[str]]:
    """Return how many runs there are where none matches ``text``, and what in it no run can match."""
    from pilothouse.store import open_store
    from pilothouse.tracking.runs import count_runs
    from pilothouse.tracking.search import doubts, parse

    store = open_store(workspace)
    return count_runs(store), doubts(store, parse(text).root)


def group_page(
    workspace: Workspace,
    text: str,
    by: Field,
    metrics: Sequence[Field],
    order: GroupOrder,
    limit: int,
    offset: int,
) -> Groups:
    """Return one page of groups of the runs that match the search ``text``, with these metrics of theirs."""
    from pilothouse.store import open_store
    from pilothouse.tracking.grouping import group_runs
    from pilothouse.tracking.search import parse

    return group_runs(
        open_store(workspace), by, metrics, where=parse(text), order=order, limit=limit, offset=offset
    )


def usual_of_groups(workspace: Workspace, text: str) -> list[Field]:
    """Return the metrics that groups of the runs that match the search ``text`` show where nobody chose."""
    from pilothouse.store import open_store
    from pilothouse.tracking.grouping import group_metrics
    from pilothouse.tracking.search import parse

    return group_metrics(open_store(workspace), where=parse(text))


def ids_between(workspace: Workspace, text: str, order: Order, ends: tuple[str, str]) -> list[str]:
    """Return the ids of the runs from one row to another, both among them, in the order of the list.

    Raises:
        NotFoundError: one of the two is not in the list any more.
    """
    from pilothouse.store import open_store
    from pilothouse.tracking import selecting
    from pilothouse.tracking.folding import fold
    from pilothouse.tracking.search import parse

    store = open_store(workspace)
    fold(store)
    with store.reading() as tx:
        return selecting.ids_between(tx, selecting.selection(None, None, parse(text)), order, ends)


def all_fields(workspace: Workspace) -> list[Field]:
    """Return everything that a column can show: attributes, then each metric, parameter and tag there is."""
    from pilothouse.store import open_store
    from pilothouse.tracking.search.fields import ATTRIBUTES
    from pilothouse.tracking.search.nodes import Field

    found = [Field("attributes", attribute.name) for attribute in ATTRIBUTES]
    with open_store(workspace).reading() as tx:
        for section in ("metrics", "params", "tags"):
            rows = tx.rows(f"SELECT DISTINCT key FROM {section} ORDER BY key")
            found += [Field(section, row["key"]) for row in rows]
    return found


def tag_keys(workspace: Workspace) -> list[str]:
    """Return the keys of all tags there are, the commonest first."""
    from pilothouse.store import open_store

    rows = open_store(workspace).query("SELECT key FROM tags GROUP BY key ORDER BY count(*) DESC, key")
    return [row["key"] for row in rows]
