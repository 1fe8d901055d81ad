"""Random searches and random runs, small enough that they often meet."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from pilothouse.tracking.numerals import finite_number_of
from pilothouse.tracking.search.fields import ATTRIBUTES
from pilothouse.tracking.search.nodes import (
    Among,
    And,
    Compare,
    Field,
    Missing,
    Moment,
    Node,
    Not,
    Number,
    Or,
    Text,
    Value,
    Word,
)

NOW = datetime(2026, 3, 14, 15, 9, 26, 535897, tzinfo=UTC)
STATUSES = ("RUNNING", "FINISHED", "FAILED", "LOST")

KEYS = ("a", "A", "loss", "f1 score", "x`y", "ключ", "", "a.b", "it's", "AND")
NUMBERS = (0.0, -1.0, 0.1, 1.0, 7.0, 1e300, 5e-324, math.inf, -math.inf, math.nan)
# Half of them from a few: what is asked for and what is stored seldom meet among many.
keys = st.one_of(st.sampled_from(["a", "loss"]), st.sampled_from(KEYS))
numbers = st.one_of(st.sampled_from([0.0, 1.0, math.nan]), st.sampled_from(NUMBERS))
texts = st.one_of(
    st.sampled_from(
        [
            "",
            "a",
            "A",
            "0.1",
            "1",
            " 1 ",
            "nan",
            "a=b",
            "a=====",
            "===",
            "AND",
            "ß",
            "İ",
            "Σ",
            "ς",
            "\u212a",
            "\x00",
            "%",
            "_",
        ]
    ),
    st.text("aA%_='\"` .1éΣς\n", max_size=4),
)
patterns = st.text("aA%_1é!\\=", max_size=4)
moments = st.sampled_from(
    ["today", "yesterday", "now", "2 days ago", "90 min ago", "2026-03-14", "2026-03-13 15:09:26.535897Z"]
)


def field(section: str, **more: Any) -> st.SearchStrategy[Field]:
    return st.builds(Field, st.just(section), keys, **more)


metric_fields = field("metrics", which=st.sampled_from(["last", "min", "max", "best"]))
text_operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
like_operators = st.sampled_from(["LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE"])


def conditions(
    fields: st.SearchStrategy[Field], *values: st.SearchStrategy[Value]
) -> st.SearchStrategy[Node]:
    some = st.one_of(*values)
    return st.one_of(
        st.builds(Compare, fields, text_operators, some),
        st.builds(Among, fields, st.lists(some, min_size=1, max_size=3).map(tuple), st.booleans()),
        st.builds(Missing, fields, st.booleans()),
    )


def attributes(*kinds: str) -> st.SearchStrategy[Field]:
    names = [each.name for each in ATTRIBUTES if each.kind in kinds and each.name != "status"]
    return st.builds(Field, st.just("attributes"), st.sampled_from(names))


a_text, a_number, a_moment = st.builds(Text, texts), st.builds(Number, numbers), st.builds(Moment, moments)
textual = st.one_of(field("params"), field("tags"), attributes("text"))
terms: st.SearchStrategy[Node] = st.one_of(
    conditions(metric_fields, a_number),
    conditions(field("params"), a_number, a_text),
    conditions(st.one_of(field("tags"), attributes("text")), a_text),
    conditions(attributes("number", "seconds"), a_number),
    conditions(attributes("time"), a_moment),
    conditions(st.just(Field("attributes", "status")), st.builds(Text, st.sampled_from(STATUSES))),
    st.builds(Compare, textual, like_operators, st.builds(Text, patterns)),
    st.builds(Word, texts),
)
searches: st.SearchStrategy[Node] = st.recursive(
    terms,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)

_ago = st.sampled_from([0.0, 1.5, 5400.0, 2 * 86400.0, 86400.0, 40000.0, 100_000.0, 3600.0]).map(
    lambda seconds: NOW - timedelta(seconds=seconds)
)
_maybe_text = st.one_of(st.none(), texts)


@st.composite
def stored_runs(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """Rows for the tables of up to five runs."""
    tables: dict[str, list[dict[str, Any]]] = {"runs": [], "params": [], "tags": [], "metrics": []}
    for number in range(draw(st.integers(0, 5))):
        run_id = f"a{number}"
        row = {name: draw(_maybe_text) for name in ("name", "model", "recipe", "command", "dataset_version")}
        row |= {"run_id": run_id, "reason": draw(_maybe_text), "kind": draw(texts), "journal_offset": 0}
        row |= {"status": draw(st.sampled_from(STATUSES)), "started_at": draw(_ago)}
        row |= {
            "ended_at": draw(st.one_of(st.none(), _ago)),
            "exit_code": draw(st.sampled_from([None, 0, 1, 7])),
        }
        row |= {"progress": draw(st.sampled_from([None, 0.1, 1.0])), "progress_text": ""}
        tables["runs"].append(row)
        for key, value in draw(st.dictionaries(keys, texts, max_size=4)).items():
            tables["params"].append(
                {"run_id": run_id, "key": key, "value": value, "number": finite_number_of(value)}
            )
        for key, value in draw(st.dictionaries(keys, texts, max_size=3)).items():
            tables["tags"].append({"run_id": run_id, "key": key, "value": value})
        extremes = st.one_of(st.none(), numbers)
        for key in draw(st.sets(keys, max_size=4)):
            metric = {"run_id": run_id, "key": key, "last": draw(numbers), "last_step": 0, "count": 1}
            tables["metrics"].append({**metric, "min": draw(extremes), "max": draw(extremes)})
    return tables
