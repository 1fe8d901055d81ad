"""Where a command runs: in the folder where it was typed, which is kept as it lies to the workspace."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pilothouse.errors import PilothouseError
from pilothouse.store import Store, open_store
from pilothouse.tracking.origin import Origin, read_origin, read_patch
from pilothouse.tracking.runs import get_run, list_runs
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.training.launch import spawn_run, start_training
from pilothouse.training.spec import RunSpec, read_spec
from pilothouse.training.sweeps.launch import SweepOrder, resume_sweep, start_sweep
from pilothouse.training.sweeps.plan import SweepPlan
from pilothouse.training.sweeps.results import read_sweep
from pilothouse.training.sweeps.winner import train_winner
from pilothouse.training.watching import read_log, wait_for_run
from pilothouse.tui.snapshots.run_origin import run_origin
from pilothouse.tui.snapshots.training import again_in, run_again
from pilothouse.workspace import Workspace
from steering import pilothouse

SWEPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--tag")
print("loss:", parser.parse_args().lr)
"""


@pytest.fixture
def sub(workspace: Workspace) -> Path:
    """A folder in the workspace with a script that is called like one in the workspace's own."""
    (workspace.root / "train.py").write_text('print("loss: 1")\n')
    folder = workspace.root / "sub"
    folder.mkdir()
    (folder / "train.py").write_text('print("loss: 2")\nopen("made.txt", "w").close()\n')
    return folder


def origin_of(workspace: Workspace, run_id: str) -> Origin:
    found = read_origin(workspace.run_dir(run_id))
    assert found is not None
    return found


def test_the_script_of_this_folder_runs_and_no_other(workspace: Workspace, store: Store, sub: Path) -> None:
    done = pilothouse("run", "--json", "--", "python", "train.py", cwd=sub)
    run = done.json()
    assert run["metrics"] == {"loss": 2.0} and (sub / "made.txt").exists()
    assert not (workspace.root / "made.txt").exists()
    made = origin_of(workspace, run["run_id"])
    assert (made.folder, made.argv) == ("sub", ("python", "train.py"))
    assert [one.path for one in made.code] == ["pilothouse.toml", "sub/train.py"]
    shown = run_origin(workspace, run["run_id"]).origin
    assert shown is not None and shown.script == "sub/train.py" and ("folder", "sub") in shown.machine
    told = pilothouse("show", run["run_id"], cwd=sub).out
    assert "  folder     sub\n" in told
    above = pilothouse("run", "--json", "--", "python", "../train.py", cwd=sub).json()
    assert (above["status"], above["metrics"]) == ("FINISHED", {"loss": 1.0})
    assert "train.py" in [one.path for one in origin_of(workspace, above["run_id"]).code]
    # And once more, from wherever that is asked.
    again = wait_for_run(workspace, run_again(workspace, get_run(store, run["run_id"])), 30)
    assert again.metrics == {"loss": 2.0} and read_spec(workspace.run_dir(again.run_id)).folder == "sub"
    assert again_in(workspace, again) == "sub"
    shutil.rmtree(sub)
    with pytest.raises(PilothouseError, match="The folder sub that the command runs in is not there"):
        run_again(workspace, again)
    assert len(list_runs(store)) == 3, "nothing was started"


def test_a_folder_that_went_away_before_its_run_began_is_told(workspace: Workspace, sub: Path) -> None:
    for spec in (
        RunSpec(None, command=("python", "train.py"), folder="gone"),
        RunSpec(None, command=("python", "train.py"), folder="train.py"),
    ):
        run = wait_for_run(workspace, spawn_run(workspace, open_run(workspace, RunStart("script")), spec), 30)
        assert (run.status, run.exit_code) == ("FAILED", 127)
        assert f"The folder {spec.folder} that the command runs in is not there" in run.reason
        assert run.reason in read_log(workspace, run.run_id)[0]


PLACES = """
import json, os, pathlib
import pilothouse as ph
for name in ("WORKSPACE", "RUN_DIR", "METRICS", "DATA"):
    path = pathlib.Path(os.environ["PILOTHOUSE_" + name])
    assert path.is_absolute() and (path if name != "METRICS" else path.parent).is_dir(), (name, path)
assert pathlib.Path(os.environ["PILOTHOUSE_DATA"], "rows.csv").read_text().startswith("x,y")
pathlib.Path(os.environ["PILOTHOUSE_METRICS"]).write_text(json.dumps({"written": 1.0}))
pathlib.Path("note.txt").write_text("made here")
with ph.start_run() as run:
    run.log_metric("own", 2.0)
    run.log_artifact("note.txt")
"""


@pytest.mark.parametrize("where", ["sub", "../NAME-beside"])
def test_what_a_script_is_given_is_right_in_any_folder(
    workspace: Workspace, store: Store, where: str
) -> None:
    (workspace.root / "data" / "rows.csv").write_text("x,y\n1,0\n2,1\n")
    # Beside a workspace of the tests lie those of others.
    where = where.replace("NAME", workspace.root.name)
    folder = (workspace.root / where).resolve()
    folder.mkdir()
    (folder / "places.py").write_text(PLACES)
    done = pilothouse("run", "--json", "--workspace", workspace.root, "--", "python", "places.py", cwd=folder)
    run = done.json()
    assert run["status"] == "FINISHED", read_log(workspace, run["run_id"])[0]
    assert run["metrics"] == {"written": 1.0, "own": 2.0}
    assert (workspace.run_dir(run["run_id"]) / "artifacts" / "note.txt").read_text() == "made here"
    made = origin_of(workspace, run["run_id"])
    assert made.folder == where and f"{where}/places.py" in [one.path for one in made.code]
    record = (workspace.run_dir(run["run_id"]) / "run.json").read_text()
    assert str(workspace.root) not in record and str(folder) not in record


def test_what_lies_beside_a_workspace_is_found_where_both_were_moved_to(tmp_path: Path) -> None:
    old, out = tmp_path / "here" / "ws", tmp_path / "here" / "out"
    out.mkdir(parents=True)
    assert pilothouse("init", old, cwd=tmp_path).code == 0
    (out / "only.py").write_text('print("loss: 3")\n')
    first = pilothouse("run", "--json", "--workspace", "../ws", "--", "python", "only.py", cwd=out).json()
    assert first["metrics"] == {"loss": 3.0}
    (tmp_path / "here").rename(tmp_path / "there")
    moved = Workspace(tmp_path / "there" / "ws")
    run = get_run(open_store(moved), first["run_id"])
    assert wait_for_run(moved, run_again(moved, run), 30).metrics == {"loss": 3.0}
    # Nor does a link to the workspace lead astray.
    (tmp_path / "deep").mkdir()
    link = tmp_path / "deep" / "link"
    link.symlink_to(moved.root, target_is_directory=True)
    beside = tmp_path / "there" / "out"
    done = pilothouse("run", "--json", "--workspace", link, "--", "python", "only.py", cwd=beside).json()
    assert done["metrics"] == {"loss": 3.0} and origin_of(moved, done["run_id"]).folder == "../out"


def test_a_sweep_keeps_the_code_of_its_command_and_a_trial_its_words(
    workspace: Workspace, store: Store, sub: Path
) -> None:
    out = workspace.root.parent / f"{workspace.root.name}-out"
    out.mkdir()
    script = f"../{out.name}/sw.py"
    (out / "sw.py").write_text(SWEPT)
    words = ["-p", "lr=0.1,0.2", "--fix", "tag=t", "--strategy", "grid", "--metric", "loss", "--name", "sx"]
    done = pilothouse("sweep", *words, "--json", "--", "python", f"../{script}", cwd=sub)
    assert done.code == 0, done.err
    swept = origin_of(workspace, done.json()["run_id"])
    assert [one.path for one in swept.code] == [script, "pilothouse.toml"]
    assert (swept.argv, swept.folder) == (("python", f"../{script}", "--tag", "t"), "sub")
    assert swept.python, "the packages are those of the command's Python"
    told = pilothouse("show", "sx-0", cwd=sub).out
    assert f"argv       python ../{script} --tag t --lr 0.1" in told
    assert "argparse" in pilothouse("show", "sx-0", "--code", script, cwd=sub).out
    trial = run_origin(workspace, get_run(store, "sx-1").run_id).origin
    assert trial is not None and trial.script == script
    assert ("command line", f"python ../{script} --tag t --lr 0.2") in trial.machine
    words = ["--workspace", str(workspace.root), "--name", "rx", "--", "python", "sw.py", "--lr", "0.1"]
    done_alone = pilothouse("run", *words, cwd=out)
    assert done_alone.code == 0, done_alone.err
    compared = pilothouse("compare", "sx-0", "rx", "--no-intervals", cwd=workspace.root).out
    assert "byte for byte" in compared
    winner = wait_for_run(workspace, train_winner(workspace, done.json()["run_id"]), 30)
    assert (winner.status, winner.metrics) == ("FINISHED", {"loss": 0.1})
    assert origin_of(workspace, winner.run_id).folder == "sub"


def test_a_sweep_goes_on_in_its_folder_or_says_that_it_is_gone(
    workspace: Workspace, store: Store, sub: Path
) -> None:
    (sub / "sw.py").write_text(SWEPT)
    plan = SweepPlan(("lr=0.1,0.2,0.3",), "grid", metric="loss", max_trials=1, jobs=1)
    first = start_sweep(workspace, SweepOrder(plan, command=(sys.executable, "sw.py"), folder="sub"))
    assert wait_for_run(workspace, first, 60).status == "FINISHED"
    sub.rename(workspace.root / "renamed")
    with pytest.raises(PilothouseError, match="The folder sub that the command runs in is not there"):
        resume_sweep(workspace, first)
    assert [run.run_id for run in list_runs(store) if run.kind == "sweep"] == [first], "nothing was started"
    (workspace.root / "renamed").rename(sub)
    assert wait_for_run(workspace, resume_sweep(workspace, first), 60).status == "FINISHED"
    finished = [run.params["lr"] for run in list_runs(store, status="FINISHED") if run.kind == "trial"]
    assert sorted(finished) == ["0.1", "0.2", "0.3"]
    # Run again it is a sweep, from nothing, by the plan of the first: one trial is enough.
    (latest,) = [run for run in list_runs(store) if run.name.endswith(".2")]
    again = wait_for_run(workspace, run_again(workspace, latest), 60)
    assert (again.kind, again.status, again.params) == ("sweep", "FINISHED", get_run(store, first).params)
    found = read_sweep(store, again.run_id)
    assert len(found.outcomes) == 1 and found.resumes is None
    assert read_spec(workspace.run_dir(again.run_id)).folder == "sub"


def test_what_is_declared_runs_in_the_workspaces_folder(workspace: Workspace, sub: Path) -> None:
    config = workspace.config_path.read_text()
    workspace.config_path.write_text(
        config + '\n[training]\ncommand = "python train.py"\n[sweep]\nstrategy = "grid"\nmetric = "loss"\n'
        "[sweep.params]\nlr = [1, 2]\n"
    )
    (workspace.root / "data" / "a.csv").write_text("x,y\n1,0\n")
    done = pilothouse("train", "--json", cwd=sub)
    assert done.json()["metrics"] == {"loss": 1.0}, done.err
    swept = pilothouse("sweep", "--json", cwd=sub)
    assert swept.json()["best"]["score"] == 1.0, swept.err
    assert origin_of(workspace, swept.json()["run_id"]).folder == "."
    assert wait_for_run(workspace, start_training(workspace), 30).metrics == {"loss": 1.0}


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")
def test_a_patch_has_the_paths_of_the_code(workspace: Workspace, sub: Path) -> None:
    root = workspace.root
    (root / ".gitignore").write_text(".pilothouse\ndata\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)
    (sub / "train.py").write_text('print("loss: 7")\n')
    (root / "train.py").write_text('print("loss: 8")\n')
    run = pilothouse("run", "--json", "--", "python", "train.py", cwd=sub).json()
    assert run["metrics"] == {"loss": 7.0}
    patch = read_patch(workspace.run_dir(run["run_id"]))
    assert "+++ b/sub/train.py" in patch and "loss: 8" not in patch
    subprocess.run(["git", "checkout", "-q", "."], cwd=root, check=True)
    subprocess.run(["git", "apply"], input=patch.encode(), cwd=root, check=True)
    assert (sub / "train.py").read_text() == 'print("loss: 7")\n'
    assert json.loads(pilothouse("show", run["run_id"], "--json", cwd=sub).out)["origin"]["folder"] == "sub"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere such names, and leaving it so, are refused")
def test_a_folder_without_a_readable_name_and_one_that_is_gone(workspace: Workspace, store: Store) -> None:
    folder = Path(os.fsdecode(os.fsencode(workspace.root) + b"/odd\xff\x1b[31m[bold]"))
    folder.mkdir()
    (folder / "train.py").write_text('print("loss: 5")\n')
    done = pilothouse("run", "--json", "--", "python", "train.py", cwd=folder).json()
    assert done["metrics"] == {"loss": 5.0}
    made = origin_of(workspace, done["run_id"])
    assert made.folder == "odd?\x1b[31m[bold]" and f"{made.folder}/train.py" in [
        one.path for one in made.code
    ]
    assert "odd?\ufffd[31m[bold]\n" in pilothouse("show", done["run_id"], cwd=workspace.root).out
    again = run_again(workspace, get_run(store, done["run_id"]))
    assert wait_for_run(workspace, again, 30).metrics == {"loss": 5.0}
    words = ("run", "--workspace", workspace.root, "--", "python", "train.py")
    refused = pilothouse(*words, cwd=folder, before=lambda: shutil.rmtree(folder))
    assert refused.code == 1 and "The folder that you are in is not there any more." in refused.err
