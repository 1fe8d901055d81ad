from __future__ import annotations

import pytest

from hostile import HOSTILE
from pilothouse.errors import NotFoundError, UsageError
from pilothouse.store import Store, list_events
from pilothouse.tracking.runs import get_run, list_runs
from pilothouse.tracking.tagging import change_tags, read_pairs, tag_runs
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace


def make(workspace: Workspace, name: str, *, ended: bool = True, **tags: str) -> str:
    run = open_run(workspace, RunStart(kind="api", name=name, status="RUNNING", tags=tags), hold=True)
    run.log_metrics({"x": 1.0}, 0)
    if ended:
        run.end("FINISHED", 0)
    return run.run_id


def test_several_runs_at_once_and_back_again(workspace: Workspace, store: Store) -> None:
    a, b = make(workspace, "steady-heron", owner="ana", old="1"), make(workspace, "odd-wren")
    before = {run.run_id: run.tags for run in list_runs(store)}
    runs, back = tag_runs(store, ["steady-heron", b], {"owner": "bo", "old": None, "note": "both"})
    assert [run.tags for run in runs] == [{"note": "both", "owner": "bo"}] * 2
    assert [event.message for event in list_events(store, 1)] == ["2 runs were tagged: owner, old, note."]
    assert back == {a: {"owner": "ana", "old": "1", "note": None}, b: {"owner": None, "note": None}}
    again = change_tags(store, back, undoing=True)
    assert {run.run_id: run.tags for run in list_runs(store)} == before
    assert "put back" in list_events(store, 1)[0].message
    change_tags(store, again)
    assert get_run(store, a).tags == {"note": "both", "owner": "bo"}


def test_what_changes_nothing_is_no_event(workspace: Workspace, store: Store) -> None:
    run_id = make(workspace, "steady-heron", owner="ana")
    get_run(store, run_id)
    events = len(list_events(store))
    assert change_tags(store, {run_id: {"owner": "ana", "gone": None}, "nobody": {"x": "y"}}) == {}
    assert len(list_events(store)) == events


def test_one_that_is_not_there_changes_none(workspace: Workspace, store: Store) -> None:
    make(workspace, "steady-heron")
    with pytest.raises(NotFoundError):
        tag_runs(store, ["steady-heron", "nobody"], {"x": "y"})
    assert get_run(store, "steady-heron").tags == {}


def test_a_running_run_keeps_its_tags_when_it_ends(workspace: Workspace, store: Store) -> None:
    run = open_run(workspace, RunStart(kind="api", name="live", status="RUNNING"), hold=True)
    change_tags(store, {run.run_id: {"note": "early"}})
    change_tags(store, {get_run(store, run.run_id).run_id: {"note": "early"}})
    run.end("FINISHED", 0)
    assert get_run(store, run.run_id).tags == {"note": "early"}


@pytest.mark.parametrize("text", [text for text in HOSTILE if "\x00" not in text])
def test_hostile_tags_go_in_and_back(workspace: Workspace, store: Store, text: str) -> None:
    run_id = make(workspace, "steady-heron")
    get_run(store, run_id)
    back = change_tags(store, {run_id: {text or "k": text}})
    assert get_run(store, run_id).tags == {text or "k": text}
    assert text[:20] in list_events(store, 1)[0].data["tags"][run_id].get(text or "k")
    change_tags(store, back)
    assert get_run(store, run_id).tags == {}


def test_pairs_are_read_or_refused() -> None:
    assert read_pairs(["a=b=c", "note=", " k =v"]) == {"a": "b=c", "note": None, "k": "v"}
    for word in ("a", "=b", " =b"):
        with pytest.raises(UsageError, match="KEY=VALUE"):
            read_pairs([word])
