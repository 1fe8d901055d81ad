"""Lines that a journal may hold: ours, nearly ours, and anything else that is JSON."""

from __future__ import annotations

from hypothesis import strategies as st

from hostile import HOSTILE
from pilothouse.tracking.statuses import STATUSES

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from(
        [2**31, 2**62, 2**63, 10**30, 3221225786, -1, "3", "x", "NaN", "\ud800", "\x00", 1e15, -1e300]
    ),
    st.floats(),
    st.sampled_from(HOSTILE),
    st.sampled_from(STATUSES),
)
anything = st.recursive(
    odd,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)
kinds = st.sampled_from(
    ["start", "name", "params", "tags", "metrics", "points", "progress", "status", "resume", "end"]
)
names = st.sampled_from(
    [
        "t",
        "at",
        "step",
        "values",
        "fraction",
        "text",
        "status",
        "exit_code",
        "reason",
        "name",
        "params",
        "tags",
        "run_kind",
    ]
)
values = st.one_of(
    anything,
    st.dictionaries(st.sampled_from(["a", "b", "\ud800", ""]), odd, max_size=3),
    st.lists(st.one_of(anything, st.tuples(odd, odd, odd), st.tuples(odd, odd, odd, odd)), max_size=4),
)
entries = st.builds(
    lambda kind, rest: {**rest, "kind": kind}, kinds, st.dictionaries(names, values, max_size=6)
)
"""Entries that read as ours, with anything in them."""
