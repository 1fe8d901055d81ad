"""Saved searches, lists and counts by a search, and what the store tells to completion."""

from __future__ import annotations

import pytest

from hostile import HOSTILE
from pilothouse.errors import NotFoundError, UsageError
from pilothouse.store import Store, list_events
from pilothouse.tracking.columns import read_column
from pilothouse.tracking.directions import lower_is_better
from pilothouse.tracking.runs import count_runs, list_runs
from pilothouse.tracking.search import (
    SearchError,
    delete_filter,
    get_filter,
    list_filters,
    parse,
    read_keys,
    read_values,
    save_filter,
)
from pilothouse.tracking.search.nodes import Field
from pilothouse.tracking.selecting import Order
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace


def make(workspace: Workspace, name: str, loss: float, **params: object) -> str:
    writer = open_run(
        workspace, RunStart(kind="api", name=name, recipe="ridge", params=params, status="RUNNING"), hold=True
    )
    writer.log_metrics({"loss": loss}, 0)
    writer.log_metrics({"loss": loss + 1}, 1)
    writer.set_tags({"team": "ash"})
    writer.end("FINISHED", 0)
    return writer.run_id


def test_runs_are_listed_and_counted_by_a_search(workspace: Workspace, store: Store) -> None:
    for number, name in enumerate(("gull", "tern", "gannet")):
        make(workspace, name, float(number), lr=10.0**-number, depth=number)

    def found(text: str) -> set[str]:
        where = parse(text)
        names = {run.name for run in list_runs(store, where=where)}
        assert count_runs(store, where=where) == len(names)
        return names

    assert found("") == {"gull", "tern", "gannet"}
    assert found("best(metrics.loss) < 0.5") == {"gull"}
    assert found("metrics.loss > 1.5 AND NOT max(loss) >= 3") == {"tern"}
    assert found("params.lr < 0.5") == {"tern", "gannet"}
    assert found("lr=0.1 OR gann") == {"tern", "gannet"}
    assert found("started > '1 hour ago' AND ended <= now AND took < 1 min") == {"gull", "tern", "gannet"}
    assert found("started = today OR started = yesterday") == {"gull", "tern", "gannet"}
    assert found("ended < '2020-01-01'") == set()
    assert found("tags.team = 'ash' AND params.depth IN (0, 2)") == {"gull", "gannet"}
    assert found("params.lr != 'x' AND params.nothing != 'x'") == set()
    assert found("NOT params.nothing = 'x' AND params.nothing IS NULL") == {"gull", "tern", "gannet"}
    assert [
        run.name
        for run in list_runs(store, where=parse("g"), order=Order(read_column("params.depth")), limit=1)
    ] == ["gannet"]
    assert {run.name for run in list_runs(store, where=parse("tern") & parse("ridge"))} == {"tern"}


def test_a_parameter_is_the_number_that_it_reads_as(workspace: Workspace, store: Store) -> None:
    make(workspace, "gull", 0.5, huge=10**400, flag=True, steps=1_000, rate="1e-3", none=None)
    (run,) = list_runs(store)
    for text, matches in {
        "params.huge > 0": False,
        "params.huge LIKE '1000%'": True,
        "params.flag > 0": False,
        "params.flag = True": True,
        "params.steps >= 1000": True,
        "params.rate < 0.01": True,
        "params.none = 'None'": True,
    }.items():
        assert count_runs(store, where=parse(text)) == parse(text).matches(run) == matches


def test_a_search_is_told_apart_without_the_store_too(workspace: Workspace, store: Store) -> None:
    make(workspace, "gull", 0.25)
    (run,) = list_runs(store)
    assert parse("gull AND best(loss) = 0.25").matches(run)
    assert not parse("NOT gull").matches(run)
    assert parse("").matches(run) and not parse("") and parse("gull")
    assert parse("gull 'a b'").words == ("gull", "a b")


@pytest.mark.parametrize("text", [text for text in HOSTILE if text])
def test_hostile_texts_are_values_and_never_sql(workspace: Workspace, store: Store, text: str) -> None:
    make(workspace, "gull", 0.5, **{text: text})
    quoted = '"' + text.replace('"', '""') + '"'
    assert count_runs(store, where=parse(f"params.{quoted} = {quoted}")) == 1
    assert count_runs(store, where=parse(quoted)) == 1
    assert count_runs(store, where=parse(f"tags.{quoted} LIKE {quoted} OR name ILIKE {quoted}")) == 0


def test_searches_are_kept_by_name(store: Store) -> None:
    save_filter(store, " recent ", "started > '2 days ago'")
    save_filter(store, "Good", "metrics.auc > 0.9 ")
    save_filter(store, "recent", "started > '1 day ago'")
    assert [saved.name for saved in list_filters(store)] == ["Good", "recent"]
    assert get_filter(store, "recent").text == "started > '1 day ago'"
    with pytest.raises(NotFoundError, match="recent"):
        get_filter(store, "recnt")
    with pytest.raises(SearchError):
        save_filter(store, "bad", "metrics.auc >")
    for name in ("", " ", "x" * 101, "a\nb", "\x1b[31m"):
        with pytest.raises(UsageError):
            save_filter(store, name, "")
    save_filter(store, "'; DROP TABLE filters; --", "[/foo]")
    assert delete_filter(store, "Good").text == "metrics.auc > 0.9"
    assert [saved.name for saved in list_filters(store)] == ["'; DROP TABLE filters; --", "recent"]
    told = [(event.kind, event.subject) for event in list_events(store)]
    assert told[0] == ("filter", "Good")
    assert told.count(("filter", "recent")) == 2


def test_the_keys_of_the_store(workspace: Workspace, store: Store) -> None:
    make(workspace, "gull", 0.5, lr=1, **{"a b": 2})
    list_runs(store)
    keys = read_keys(store)
    assert (keys.metrics, keys.params, keys.tags) == (("loss",), ("a b", "lr"), ("team",))
    assert keys.values["recipe"] == ("ridge",)


def test_the_values_of_a_parameter_or_tag_the_commonest_first(workspace: Workspace, store: Store) -> None:
    for number, value in enumerate(("Ash", "birch", "ash's", "birch", "x" * 500, "")):
        make(workspace, f"run-{number}", 0.5, tree=value)
    list_runs(store)
    tree = Field("params", "tree")
    assert read_values(store, tree) == ("birch", "Ash", "ash's")
    assert read_values(store, tree, "ASH") == ("Ash", "ash's")
    assert read_values(store, tree, "%") == ()
    assert read_values(store, Field("tags", "team")) == ("ash",)
    assert read_values(store, Field("tags", "'; DROP TABLE tags; --")) == ()


def test_the_direction_of_a_metric() -> None:
    assert all(map(lower_is_better, ("loss", "val/log_loss", "RMSE", "p99_ms", "error.rate")))
    assert not any(map(lower_is_better, ("roc_auc", "accuracy", "r2", "lossless", "f1 score", "")))
