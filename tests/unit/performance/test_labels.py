"""Labels that come later: the same id whatever its type, the later value counts, and none is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import HOSTILE
from pilothouse.config import DataConfig, ModelConfig
from pilothouse.errors import PilothouseError
from pilothouse.performance.labels import LabelError, checked_labels
from pilothouse.performance.labels_kept import keep_labels, labels_by_id
from pilothouse.performance.labels_of_files import labels_of_file, pairs_of_file
from pilothouse.store import Store, list_events

CONFIG = ModelConfig("late", "y", data=DataConfig(id="id"))
NUMBERS = ModelConfig("late", "y", "regression", data=DataConfig(id="id"))


@pytest.mark.parametrize("bad", [None, float("nan"), "", "x" * 1001, [1], {"a": 1}])
def test_what_cannot_be_an_id_is_refused(bad: Any) -> None:
    with pytest.raises(LabelError, match="Label 2: the id") as caught:
        checked_labels([("a", 1), (bad, 1)], CONFIG)
    assert caught.value.untouched == "No label was taken."


@pytest.mark.parametrize(
    ("bad", "config"),
    [
        ([1], CONFIG),
        ({"a": 1}, CONFIG),
        (float("inf"), CONFIG),
        ("much", NUMBERS),
        ("nan", NUMBERS),
        (True, NUMBERS),
    ],
)
def test_what_cannot_be_a_label_is_refused(bad: Any, config: ModelConfig) -> None:
    with pytest.raises(LabelError):
        checked_labels([("a", bad)], config)


def test_the_later_value_counts_and_it_is_said(store: Store) -> None:
    assert keep_labels(store, "late", {"a": 1, "b": 0}, "one.csv").new == 2
    again = keep_labels(store, "late", {"a": 1, "b": 0}, "one.csv")
    assert (again.new, again.changed, again.same) == (0, 0, 2)
    turned = keep_labels(store, "late", {"a": 0, "c": 1}, "two.csv", tell=False)
    assert (turned.new, turned.changed, turned.changed_ids) == (1, 1, ("a",))
    assert labels_by_id(store, "late", ["a", "b", "c", "d"]) == {"a": 0, "b": 0, "c": 1}
    assert labels_by_id(store, "other", ["a"]) == {}
    events = list_events(store, kind="labels")
    assert [event.message for event in events] == [
        "1 label came from two.csv; 1 replaced another value.",
        "2 labels came from one.csv.",
    ]
    assert events[0].data["examples"] == [{"id": "a", "before": 1, "now": 0}]


def test_more_labels_than_a_transaction_takes_are_all_kept(store: Store) -> None:
    many = {f"r{number}": number % 2 for number in range(5_003)}
    assert keep_labels(store, "late", many, "big.csv").new == 5_003
    assert labels_by_id(store, "late", list(many)) == many


def test_hostile_ids_and_labels_come_back_as_they_were(store: Store) -> None:
    given_ = {text: text for text in HOSTILE if 0 < len(text) <= 1000}
    assert keep_labels(store, "late", given_, "[/x].csv").new == len(given_)
    assert labels_by_id(store, "late", list(given_)) == given_


def test_labels_are_read_from_every_format(tmp_path: Path) -> None:
    rows = [{"id": "007", "y": 1, "more": "x"}, {"id": "8", "y": 0, "more": ""}, {"id": "9", "y": None}]
    (tmp_path / "a.csv").write_text("id,y,more\n007,1,x\n8,0,\n9,,\n007,0,again\n")
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT * FROM (VALUES (7.0::DOUBLE, 1), (8.0, 0)) AS t(id, y))"
            f" TO '{tmp_path / 'a.parquet'}' (FORMAT parquet)"
        )
    assert labels_of_file(tmp_path / "a.csv", CONFIG) == {"007": 0, "8": 0}
    assert labels_of_file(tmp_path / "a.jsonl", CONFIG) == {"007": 1, "8": 0}
    assert labels_of_file(tmp_path / "a.parquet", CONFIG, ["7"]) == {"7": 1}


def test_a_file_without_the_id_or_the_target_says_which(tmp_path: Path) -> None:
    path = tmp_path / "[x].csv"
    path.write_text("id,z\n1,2\n")
    with pytest.raises(PilothouseError, match="has no column 'y'"):
        labels_of_file(path, CONFIG)
    with pytest.raises(PilothouseError, match="the model has no id"):
        labels_of_file(path, ModelConfig("late", "y"))


def test_a_label_that_is_no_class_is_refused_and_the_others_count() -> None:
    pairs = [("a", 1), ("b", 7), ("a", "maybe"), ("c", None), ("d", 0.0), ("e", True)]
    found, refused, without = checked_labels(pairs, CONFIG, [0, 1])
    assert found == {"a": 1, "d": 0, "e": True} and without == 1
    assert [one.id for one in refused] == ["b", "a", "c"]
    assert refused[0].why == "7 is none of the classes that the model knows: 0, 1"
    with pytest.raises(LabelError, match=r"None of the 2 labels can be taken\. Label 1, of b: 7 is none"):
        checked_labels([("b", 7), ("a", "maybe")], CONFIG, [0, 1])
    assert checked_labels([("a", "much"), ("b", 2), ("c", "2.5")], NUMBERS)[0] == {"b": 2.0, "c": 2.5}


@pytest.mark.parametrize(("no", "yes"), [(False, True), (0, 1), ("no", "yes"), ("false", "true")])
@given(
    said=st.sampled_from([True, False, 1, 0, 1.0, 0.0, "yes", "No", "TRUE", "false", "1", "0", "1.0", "0.0"])
)
def test_two_classes_are_told_by_what_is_said_and_kept_as_the_model_has_them(
    no: Any, yes: Any, said: Any
) -> None:
    meant = str(said).lower() in ("true", "1", "1.0", "yes")
    found, refused, _ = checked_labels([("a", said), ("b", "maybe")], CONFIG, [no, yes])
    assert found == {"a": yes if meant else no} and type(found["a"]) is type(no)
    assert [one.id for one in refused] == ["b"] and "'maybe' is none of the classes" in refused[0].why


def test_one_bad_label_costs_its_own_row_in_every_format(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,y\n1,yes\n2,maybe\n3,no\n4,1.0\n5,\n")
    (tmp_path / "a.jsonl").write_text(
        '{"id": "1", "y": "yes"}\n{"id": "2", "y": "maybe"}\n{"id": "3", "y": false}\n{"id": "4", "y": 1}\n'
    )
    for name in ("a.csv", "a.jsonl"):
        pairs = pairs_of_file(tmp_path / name, CONFIG)
        found, refused, _ = checked_labels(pairs, CONFIG, [False, True])
        assert found == {"1": True, "3": False, "4": True}, name
        assert [one.id for one in refused] == ["2"]
    (tmp_path / "n.csv").write_text("id,y\n1,10.5\n2,n/a?\n3,7\n")
    assert checked_labels(pairs_of_file(tmp_path / "n.csv", NUMBERS), NUMBERS)[0] == {"1": 10.5, "3": 7.0}


def test_ctrl_c_says_how_many_labels_are_kept(store: Store) -> None:
    many = {f"i{number}": 1 for number in range(12_000)}
    told: list[str] = []

    def press(share: float, what: str) -> None:
        told.append(what)
        if share > 0.8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as pressed:
        keep_labels(store, "late", many, "big.csv", progress=press)
    assert told == [f"{kept} of 12,000 labels kept" for kept in ("0", "5,000", "10,000")]
    assert pressed.value.__notes__ == [
        "The first 10,000 of 12,000 labels are kept; giving all again changes nothing."
    ]
    assert keep_labels(store, "late", many, "big.csv").same == 10_000
