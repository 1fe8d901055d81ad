"""What the watcher does by itself, with real trainings."""

from __future__ import annotations

from pilothouse.autopilot.retraining import ACTOR, BECAUSE
from pilothouse.monitoring.judging import judge_file
from pilothouse.registry.versions import champion, list_versions
from pilothouse.store import list_events, open_store
from pilothouse.tracking.runs import Run, list_runs
from pilothouse.tracking.tagging import tag_runs
from pilothouse.training.watching import wait_for_run
from pilothouse.workspace import Workspace
from steering import land, rows
from waiting import wait_until
from watched import once, watching


def set_level(workspace: Workspace, level: int, more: str = "") -> None:
    text = workspace.config_path.read_text().split("[autonomy]")[0].split("[gates]")[0]
    workspace.config_path.write_text(f"{text}{more}[autonomy]\nlevel = {level}\n")


def ours(workspace: Workspace) -> list[Run]:
    return [run for run in list_runs(open_store(workspace)) if BECAUSE in run.tags]


def live(workspace: Workspace) -> int:
    version = champion(open_store(workspace), "late")
    assert version is not None
    return version.version


def test_level_0_tells_and_does_nothing_and_level_1_trains_once_and_leaves_the_rest_to_a_person(
    trained: Workspace,
) -> None:
    data = trained.root / "data"
    land(data, "steady.csv", rows(200, seed=3))
    land(data, "moved.csv", rows(200, seed=4, shift=2.0))
    watched = once(trained)
    assert any(line.startswith("■ moved.csv: drifted") for line in watched.told)
    assert any(line.startswith("● steady.csv: no drift") for line in watched.told)
    assert ours(trained) == []

    # As if a watcher had been killed between the verdict and what follows from it.
    set_level(trained, 1)
    watched = once(trained)
    [run] = ours(trained)
    assert run.tags[BECAUSE] == "moved.csv"
    assert any("started because moved.csv drifted" in line for line in watched.told)
    assert once(trained).told == []  # It runs, or has run: one is enough.
    ended = wait_for_run(trained, run.run_id, 120)
    assert (ended.status, ended.tags["version"]) == ("FINISHED", "3")
    assert once(trained).told == []
    assert len(ours(trained)) == 1
    assert live(trained) == 1
    [event] = list_events(open_store(trained), kind="autopilot")
    assert (event.actor, event.subject, event.data["file"]) == (ACTOR, run.run_id, "moved.csv")


def test_level_2_promotes_what_passes_its_gates_and_says_why_when_it_does_not(trained: Workspace) -> None:
    data = trained.root / "data"
    set_level(trained, 2, "[gates]\nroc_auc = { min = 1.1 }\n\n")
    with watching(trained) as watched:
        land(data, "moved.csv", rows(200, seed=4, shift=2.0))
        wait_until(lambda: any("v3 was not promoted" in line for line in watched.told), 120)
        assert live(trained) == 1
        set_level(trained, 2)
        land(data, "again.csv", rows(200, seed=5, shift=-2.0))
        wait_until(lambda: live(trained) == 4, 120)
        wait_until(lambda: any("v4 passed its gates" in line for line in watched.told))
    assert sum("was not promoted" in line for line in watched.told) == 1
    promotions = [event for event in list_events(open_store(trained), kind="promote") if event.actor == ACTOR]
    assert [event.subject for event in promotions] == ["late/4"]


def test_level_2_promotes_nothing_that_only_bears_the_tag(trained: Workspace) -> None:
    store = open_store(trained)
    newest = list_versions(store, "late")[0]
    assert newest.version == 2
    tag_runs(store, [newest.run_id], {BECAUSE: "the trees were too deep"})
    set_level(trained, 2)
    assert once(trained).told == [] and live(trained) == 1


def test_a_file_that_was_judged_outside_the_folder_starts_nothing(trained: Workspace) -> None:
    outside = land(trained.root, "outside.csv", rows(200, seed=4, shift=2.0))
    set_level(trained, 1)
    model = trained.config().model()
    verdict = judge_file(trained, open_store(trained), model, outside)
    assert verdict.report is not None
    assert verdict.report.dataset_drift
    assert once(trained).told == []
    assert ours(trained) == []


def test_without_a_live_version_nothing_is_trained_by_itself(fresh: Workspace) -> None:
    set_level(fresh, 2)
    once(fresh)
    land(fresh.root / "data", "moved.csv", rows(200, seed=4, shift=2.0))
    once(fresh)
    assert ours(fresh) == []


def test_a_training_that_cannot_start_is_told_once(trained: Workspace) -> None:
    set_level(trained, 1)
    text = trained.config_path.read_text().replace('"logistic"', '"nonsense"')
    trained.config_path.write_text(text)
    land(trained.root / "data", "moved.csv", rows(200, seed=4, shift=2.0))
    watched = once(trained)
    assert any("nonsense" in line for line in watched.told)
    assert ours(trained) == []
