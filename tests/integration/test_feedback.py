"""Labels over real HTTP and by the command, and what a version was worth while it answered."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pilothouse.performance.labels_kept import labels_by_id
from pilothouse.registry.versions import get_version
from pilothouse.serving.predictions import read_predictions
from pilothouse.store import list_events, open_store
from pilothouse.workspace import Workspace
from steering import copy_of, csv_text, pilothouse, pilothouse_each, rows, serving, told_well, wait_gone


@pytest.fixture(scope="module")
def served(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str, int]]:
    """A server that has answered 200 rows, `r5-0` and so on."""
    workspace = copy_of(template, tmp_path_factory.mktemp("served") / "w")
    with serving(workspace) as status:
        path = workspace.root / "new.csv"
        path.write_text(csv_text(rows(200, seed=5)))
        done = pilothouse("predict", path, "--json", cwd=workspace.root)
        assert done.code == 0 and done.json()["served"]
        yield workspace, status["url"], status["pid"]


def tell(url: str, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content-type": "application/json", **headers}
    return httpx.post(f"{url}/feedback", content=content, headers=headers, timeout=30)


def test_labels_are_taken_once_and_the_later_value_counts(served: tuple[Workspace, str, int]) -> None:
    workspace, url, _ = served
    first = tell(url, {"id": "r5-0", "y": 1})
    assert first.status_code == 200, first.text
    assert first.json()["new"] == 1 and first.json()["unknown"] == 0
    again = tell(url, {"labels": [{"id": "r5-0", "label": 1}, {"id": "r5-0", "y": 1}]})
    assert (again.json()["same"], again.json()["new"]) == (1, 0)
    turned = tell(url, [{"id": "r5-0", "y": 0}, {"id": "nobody", "y": 1}, {"id": "r5-1", "y": None}]).json()
    assert (turned["changed"], turned["changed_ids"]) == (1, ["r5-0"])
    assert (turned["unknown"], turned["unknown_ids"], turned["without"]) == (1, ["nobody"], 1)
    strange = tell(url, [{"id": "r5-0", "y": 7}, {"id": "r5-0", "y": "maybe"}, {"id": "r5-0", "y": 0}])
    assert (strange.status_code, strange.json()["same"], strange.json()["refused_count"]) == (200, 1, 2)
    assert strange.json()["refused"][0]["id"] == "r5-0" and "classes" in strange.json()["refused"][0]["why"]
    assert tell(url, {"id": "r5-0", "y": 7}).status_code == 400
    store = open_store(workspace)
    assert labels_by_id(store, "late", ["r5-0", "r5-1"]) == {"r5-0": 0}
    # One label after the other would fill the trail: only what replaces another is told there.
    events = [event for event in list_events(store, kind="labels") if event.actor == "server"]
    assert len(events) == 1 and events[0].data["changed"] == 1


@pytest.mark.parametrize(
    ("body", "headers", "status", "word"),
    [
        (b"{", {}, 400, "not JSON"),
        pytest.param(b"[" * 100_000, {}, 400, "JSON", id="too deep"),
        ([], {}, 400, "must be"),
        ({"id": "a"}, {}, 400, "Label 1 must be"),
        ([{"id": "a", "y": 1, "more": 2}], {}, 400, "nothing else"),
        ({"id": [], "y": 1}, {}, 400, "the id must be"),
        ({"id": "x" * 1001, "y": 1}, {}, 400, "characters"),
        ({"id": "a", "y": {"$": 1}}, {}, 400, "the label must be"),
        ({"id": "a", "y": 1}, {"content-type": "text/plain"}, 415, "not read"),
        ({"id": "a", "y": 1}, {"host": "evil.example"}, 403, "this machine"),
        ({"id": "a", "y": 1}, {"origin": "https://evil.example"}, 403, "web page"),
        pytest.param(b" " * (17 * 1024 * 1024), {}, 413, "larger", id="too large"),
    ],
)
def test_what_is_no_label_is_refused_and_nothing_is_kept(
    served: tuple[Workspace, str, int], body: Any, headers: dict[str, str], status: int, word: str
) -> None:
    workspace, url, _ = served
    answer = tell(url, body, **headers)
    assert answer.status_code == status and word in answer.json()["message"], answer.text
    assert labels_by_id(open_store(workspace), "late", ["a"]) == {}
    assert httpx.get(f"{url}/feedback").status_code == 405


def test_the_command_takes_a_file_and_performance_measures(served: tuple[Workspace, str, int]) -> None:
    workspace, _, _ = served
    root = workspace.root
    late, odd, wrong, other = (root / name for name in ("late.csv", "odd.csv", "wrong.csv", "other.csv"))
    late.write_text(csv_text(rows(200, seed=5)))
    odd.write_text("id,y\nr5-3,1\nr5-4,5\n")
    wrong.write_text("id,y\nr5-4,5\n")
    other.write_text("id,z\n1,2\n")
    before, fed, after, told, by_file, of_file, gone, some, none, no_column = pilothouse_each(
        ["performance", "--json"],
        ["feedback", late],
        ["performance", "--json", "--chunk", "count", "--every", "50"],
        ["performance", "--by", "c"],
        ["performance", "--chunk", "file"],
        ["performance", late, "--chunk", "count"],
        ["feedback", root / "gone.csv"],
        ["feedback", odd],
        ["feedback", wrong],
        ["feedback", other],
        cwd=root,
    )
    first = before.json()["versions"][0]
    assert first["version"] == 1 and first["rows"] == 200 and first["labelled"] <= 1
    assert fed.code == 0 and "200 labels" in fed.out, fed
    found = after.json()["versions"][0]
    assert after.code == 0 and found["labelled"] == 200 and found["harm"]["realised"]["value"] > 0.6
    assert len(found["periods"]) == 4
    assert told.code == 0 and "v1: 200 predictions" in told.out and "c = " in told.out, told
    told_well(by_file, "no file", code=2)
    told_well(of_file, "not files", code=2)
    told_well(gone, "no file")
    assert some.code == 0 and "■ 1 was refused (r5-4): 5 is none of the classes" in some.err, some
    told_well(none, "5 is none of the classes")
    told_well(no_column, "no column 'y'")


def test_what_is_served_is_what_is_judged(template: Path, tmp_path: Path) -> None:
    workspace = copy_of(template, tmp_path / "w")
    config = workspace.config_path
    cost = "sum(5 * (prediction = 1 AND y = 0)::INT + 2 * (prediction = 0 AND y = 1)::INT)"
    config.write_text(config.read_text() + f'[business]\ncost = {{ sql = "{cost}" }}\n')
    store = open_store(workspace)
    threshold = get_version(store, "1", "late").metrics["threshold"]
    assert abs(threshold - 0.5) > 0.02
    asked = [{key: row[key] for key in row if key not in ("y", "when")} for row in rows(300, seed=6)]
    truth = {row["id"]: row["y"] for row in rows(300, seed=6)}
    with serving(workspace) as status:
        answers = []
        for path, body in (
            ("/invocations", {"dataframe_records": asked[:100]}),
            ("/invocations", {"dataframe_split": {"columns": list(asked[0]), "data": [
                list(row.values()) for row in asked[100:200]]}}),
            ("/invocations", {"instances": asked[200:]}),
        ):  # fmt: skip
            answer = httpx.post(status["url"] + path, json=body, timeout=30)
            assert answer.status_code == 200, answer.text
            answers.append(answer.json())
        assert tell(status["url"], [{"id": key, "y": y} for key, y in truth.items()]).status_code == 200
    said = [one for part in answers for one in part["predictions"]]
    likely = [one for part in answers for one in part["probabilities"]]
    assert said == [int(p >= threshold) for p in likely] != [int(p >= 0.5) for p in likely]
    logged = {one["features"]["id"]: one["output"]["prediction"] for one in read_predictions(workspace, 1000)}
    assert len(logged) == 300
    mistakes = sum(
        5 * (logged[key] == 1 and y == 0) + 2 * (logged[key] == 0 and y == 1) for key, y in truth.items()
    )
    alone = tmp_path / "w" / "alone.csv"
    alone.write_text(csv_text(rows(300, seed=6)))
    worth = pilothouse("performance", "--json", cwd=workspace.root)
    predicted = pilothouse("predict", alone, "--json", cwd=workspace.root)
    found = worth.json()["versions"][0]["harm"]
    assert found["business"]["cost"] == mistakes
    caught = sum(logged[key] == 1 and y == 1 for key, y in truth.items()) / sum(truth.values())
    assert found["metrics"]["recall"]["value"] == pytest.approx(caught)
    done = predicted.json()
    assert not done["served"] and done["predictions"] == said


def test_a_label_that_was_answered_is_kept_whatever_kills_the_server(template: Path, tmp_path: Path) -> None:
    workspace = copy_of(template, tmp_path / "w")
    with serving(workspace) as status:
        assert tell(status["url"], {"id": "z", "y": 1}).status_code == 200
        os.kill(status["pid"], signal.SIGKILL)
        wait_gone(status["pid"])
        assert labels_by_id(open_store(workspace), "late", ["z"]) == {"z": 1}
