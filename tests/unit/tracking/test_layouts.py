from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostile import HOSTILE
from pilothouse.store import Store, list_events
from pilothouse.tracking.layouts import (
    WIDEST,
    LayoutColumn,
    TableLayout,
    load_layout,
    read_layout,
    runs_layout,
    save_layout,
)
from pilothouse.tracking.search.nodes import Field
from unit.tracking.searching import attributes, field, metric_fields

fields = st.one_of(
    metric_fields, field("params"), field("tags"), attributes("text", "number", "time", "seconds")
)
columns = st.lists(
    st.builds(LayoutColumn, fields, st.integers(0, WIDEST)), max_size=6, unique_by=lambda it: it.field
)
layouts = st.builds(TableLayout, columns.map(tuple), fields, st.booleans())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(HOSTILE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
column_like = st.fixed_dictionaries(
    {},
    optional={
        "section": st.sampled_from(["metrics", "params", "attributes", "files"]) | json_values,
        "key": st.sampled_from(["auc", "status", "nothing"]) | json_values,
        "which": st.sampled_from(["last", "best", "mean"]) | json_values,
        "width": st.integers(-5, 100) | json_values,
    },
)
layout_like = st.fixed_dictionaries(
    {},
    optional={
        "columns": st.lists(column_like | json_values, max_size=4) | json_values,
        "order_by": column_like | json_values,
        "descending": st.booleans() | json_values,
        "colour": json_values,
    },
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(layouts)
def test_a_layout_comes_back_as_it_was_kept(store: Store, layout: TableLayout) -> None:
    save_layout(store, runs_layout("late"), layout)
    assert load_layout(store, runs_layout("late")) == (layout, "")
    assert load_layout(store, runs_layout("other")) == (TableLayout(), "")


@given(json_values | layout_like)
def test_any_json_is_a_layout_or_says_that_it_is_none(data: Any) -> None:
    layout, wrong = read_layout(data)
    assert read_layout(layout.to_json()) == (layout, "")
    assert all(0 <= column.width <= WIDEST for column in layout.columns)
    if not isinstance(data, dict):
        assert layout == TableLayout()
        assert wrong


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "3", '"x"', "[" * 5000, '{"columns": [1]}', *HOSTILE]
)
def test_a_hostile_layout_in_the_store_gives_the_default(store: Store, text: str) -> None:
    with store.transaction() as tx:
        tx.execute("ALTER TABLE layouts ALTER COLUMN layout TYPE VARCHAR")
        tx.insert("layouts", [{"name": "runs/late", "layout": text.replace("\x00", ""), "saved_at": None}])
    layout, wrong = load_layout(store, "runs/late")
    assert layout == TableLayout()
    assert "default" in wrong


def test_the_default_is_forgotten(store: Store) -> None:
    save_layout(store, "x", TableLayout(descending=False))
    save_layout(store, "x", TableLayout())
    assert store.query("SELECT * FROM layouts") == []


def test_a_change_of_a_layout_leaves_one_event(store: Store) -> None:
    shown = TableLayout(
        (LayoutColumn(Field("metrics", "roc_auc", "best")),), Field("params", "C [/x]"), False
    )
    for layout in (TableLayout(), shown, shown, TableLayout(), TableLayout()):
        save_layout(store, "runs/late", layout)
    events = list_events(store, kind="layout")
    assert [event.subject for event in events] == ["runs/late"] * 2, "what was kept already is no change"
    assert events[1].message == (
        "The table runs/late shows best(metrics.roc_auc); by params.`C [/x]`, ascending."
    )
    assert read_layout(events[1].data) == (shown, "")
    assert "the columns that suit its runs" in events[0].message


@given(layouts, st.lists(st.tuples(st.sampled_from("SHM<>wa"), st.integers(-9, 99), fields), max_size=8))
def test_changes_keep_a_layout_whole(layout: TableLayout, changes: list[tuple[str, int, Field]]) -> None:
    for what, number, other in changes:
        known = layout.fields[number % len(layout.fields)] if layout.fields else other
        before = layout
        if what == "S":
            layout = layout.shown(other, True)
            assert other in layout.fields
        elif what == "H":
            layout = layout.shown(known, False)
            assert (known not in layout.fields) == (len(before.columns) > 1 or not before.columns)
        elif what in "M<>":
            layout = layout.moved(known, number)
            assert sorted(layout.fields, key=repr) == sorted(before.fields, key=repr)
        elif what == "w":
            layout = layout.widened(known, number)
        else:
            layout, now = layout.aggregated(known)
            assert not before.columns or now in layout.fields
        assert len(set(layout.fields)) == len(layout.fields)
        assert read_layout(layout.to_json()) == (layout, "")


def test_the_aggregate_goes_round_and_the_order_goes_with_it() -> None:
    auc = Field("metrics", "auc")
    layout = TableLayout((LayoutColumn(auc, 9),), auc)
    seen = []
    for _ in range(4):
        layout, auc = layout.aggregated(auc)
        seen.append(auc.which)
        assert layout.order_by == auc
        assert layout.columns == (LayoutColumn(auc, 9),)
    assert seen == ["min", "max", "best", "last"]
