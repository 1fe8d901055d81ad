"""What a run began with stays what it was, whatever is set later and whatever its journal holds."""

from __future__ import annotations

import pytest

from hostile import HOSTILE
from pilothouse.store import Store
from pilothouse.tracking.beginnings import tags_at_start
from pilothouse.tracking.runs import Run, list_runs
from pilothouse.tracking.tagging import tag_runs
from pilothouse.tracking.writer import JOURNAL_NAME, RunStart, open_run
from pilothouse.workspace import Workspace


def made(workspace: Workspace, store: Store, tags: dict[str, str]) -> Run:
    writer = open_run(workspace, RunStart("api", tags=tags), hold=True)
    writer.set_tags(dict.fromkeys(tags, "a script's"))
    writer.end("FINISHED", 0)
    (run,) = list_runs(store)
    return run


def test_tags_that_were_set_later_are_not_what_it_began_with(workspace: Workspace, store: Store) -> None:
    tags = {f"tag {number}": text for number, text in enumerate(HOSTILE)}
    run = made(workspace, store, tags)
    tag_runs(store, [run.run_id], {"tag 1": "a person's", "more": "x"})
    found = tags_at_start(workspace, run)
    assert found.keys() == tags.keys() and found["tag 1"] == tags["tag 1"]
    assert "a script's" not in found.values()


@pytest.mark.parametrize(
    "line", ["", "\n", "{}\n", "[1]\n", '{"kind":"tags","values":{"a":"b"}}\n', "\x00\n"]
)
def test_a_journal_without_a_beginning_tells_of_none(workspace: Workspace, store: Store, line: str) -> None:
    run = made(workspace, store, {"a": "1"})
    (workspace.run_dir(run.run_id) / JOURNAL_NAME).write_text(line)
    assert tags_at_start(workspace, run) == {}
