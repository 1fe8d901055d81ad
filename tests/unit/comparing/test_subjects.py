"""What may be compared, and how it is named."""

from __future__ import annotations

import shutil

import pytest

from pilothouse.cli.main import main
from pilothouse.comparing.document import to_markdown
from pilothouse.comparing.facts import compare_runs, is_judgeable
from pilothouse.comparing.findings import Findings
from pilothouse.comparing.subjects import find_subjects
from pilothouse.comparing.wording import on_which_rows
from pilothouse.errors import NotFoundError, PilothouseError, UsageError
from pilothouse.store import open_store
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.tui.screens.compare_rows import fact_rows
from pilothouse.workspace import Workspace


@pytest.mark.parametrize(
    "ref",
    ["v1", "1", "champion", "late/1", "late/v1", "late@champion", "models:/late/1", "models:/late@champion"],
)
def test_a_version_is_found_by_any_of_its_names(trained: Workspace, ref: str) -> None:
    one, two = find_subjects(open_store(trained), [ref, "two"])
    assert one.version is not None
    assert (one.label, one.version.version, one.run.name) == ("v1", 1, "one")
    # A run that made a version is that version too.
    assert two.version is not None
    assert (two.label, two.version.version) == ("two", 2)


def test_runs_by_id_and_by_latest(trained: Workspace) -> None:
    store = open_store(trained)
    one, two = find_subjects(store, ["one", "latest"])
    again = find_subjects(store, [one.run.run_id, f"runs:/{two.run.run_id}"])
    assert [one.run.run_id for one in again] == [one.run.run_id, two.run.run_id]
    assert two.label == "two"


def test_the_same_thing_twice_is_told_apart_by_its_labels(trained: Workspace) -> None:
    labels = [one.label for one in find_subjects(open_store(trained), ["v1", "champion", "one", "v1"])]
    assert len(set(labels)) == 4
    comparison = compare_runs(open_store(trained), ["v1", "one"])
    assert comparison.only_differences() == ()


def test_what_is_not_there_and_too_few(trained: Workspace) -> None:
    store = open_store(trained)
    with pytest.raises(NotFoundError, match="neither a run nor a version 'heron'"):
        find_subjects(store, ["v1", "heron"])
    with pytest.raises(NotFoundError, match="no version 9"):
        find_subjects(store, ["v1", "v9"])
    with pytest.raises(UsageError, match="2 to 20"):
        find_subjects(store, ["v1"])
    with pytest.raises(UsageError, match="2 to 20"):
        find_subjects(store, ["v1"] * 21)
    for hostile in ("../../etc", "models:/../x", "\x00", "x" * 5000, "", "late@", "@champion"):
        with pytest.raises(PilothouseError):
            find_subjects(store, ["v1", hostile])


def test_a_version_whose_run_is_gone_tells_what_its_bundle_knows(trained: Workspace) -> None:
    store = open_store(trained)
    run_id = find_subjects(store, ["v1", "v2"])[0].run.run_id
    with store.transaction() as tx:
        for table in ("runs", "params", "metrics", "tags"):
            tx.execute(f"DELETE FROM {table} WHERE run_id = ?", [run_id])
    shutil.rmtree(trained.run_dir(run_id))
    comparison = compare_runs(store, ["v1", "v2"])
    values = {(row.section, row.key): row.values for row in comparison.rows}
    assert values["params", "C"][1] == "0.5"
    assert values["params", "max_iter"] == ("50", "50")
    assert values["metrics", "roc_auc"][0] is not None


def test_facts_of_versions_and_what_is_neither_better_nor_worse(trained: Workspace) -> None:
    comparison = compare_runs(open_store(trained), ["v1", "v2"])
    facts = {row.key: row.values for row in comparison.rows if row.section == "run"}
    assert facts["version"] == ("late v1", "late v2")
    assert facts["called"] == ("champion", None)
    assert comparison.same_rows
    assert is_judgeable("roc_auc")
    assert not is_judgeable("threshold")
    assert not is_judgeable("system/cpu_percent")


def test_the_baseline_comes_first_and_once_whatever_it_is_called(trained: Workspace) -> None:
    store = open_store(trained)
    one, two = find_subjects(store, ["one", "two"])
    for name in ("two", two.run.run_id, f"runs:/{two.run.run_id}"):
        found = find_subjects(store, ["one", "two"], baseline=name)
        assert [subject.run.run_id for subject in found] == [two.run.run_id, one.run.run_id], name
    assert len(find_subjects(store, ["one"], baseline="two")) == 2, "one more than was named"


def test_metrics_are_of_the_same_rows_only_where_that_is_known(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    def made(dataset: str, auc: float, **params: object) -> str:
        start = RunStart(kind="script", dataset_version=dataset, params=params, status="RUNNING")
        writer = open_run(workspace, start, hold=True)
        writer.log_metrics({"auc": auc}, 0)
        writer.end("FINISHED", 0)
        return writer.run_id

    store = open_store(workspace)
    same = [made("7f3a", 0.7, holdout=0.2, seed=7), made("7f3a", 0.8, holdout=0.2, seed=7)]
    assert compare_runs(store, same).same_rows
    assert on_which_rows(compare_runs(store, same)) == ""
    other = compare_runs(store, [*same, made("7f3a", 0.7, holdout=0.3, seed=7)])
    assert not other.same_rows
    assert "are of different rows" in on_which_rows(other)
    # Two scripts that were given no data: whatever they measured on, nothing says that it was one thing.
    scripts = [made("", 0.7), made("", 0.8)]
    unknown = compare_runs(store, scripts)
    assert not unknown.same_rows
    assert "Nothing says which rows" in on_which_rows(unknown)
    assert "Nothing says which rows" in to_markdown(unknown, Findings())
    assert [row.cells[0] for row in fact_rows(unknown, None, None, 1, True, 120)][-2:] == [
        "metrics, own rows",
        "  auc",
    ]
    assert main(["compare", *scripts, "--no-intervals", "--workspace", str(workspace.root)]) == 0
    assert "Nothing says which rows" in capsys.readouterr().err
