"""Sweeps that `pilothouse.toml` declares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pilothouse.cli.main import main
from pilothouse.errors import ConfigError
from pilothouse.training.sweeps.configured import configured_space, configured_sweep
from pilothouse.training.sweeps.launch import SweepOrder, checked
from pilothouse.training.sweeps.plan import SweepPlan
from pilothouse.workspace import Workspace, init_workspace

MODEL = '[model]\nname = "late"\ntarget = "y"\n[training]\nrecipe = "logistic"\n'


def workspace_with(tmp_path: Path, text: str) -> Workspace:
    (tmp_path / "data").mkdir()
    return init_workspace(tmp_path, MODEL + text)


def planned(capsys: pytest.CaptureFixture[str], workspace: Workspace, *words: str) -> dict[str, Any]:
    assert main(["sweep", *words, "--dry-run", "--json", "--workspace", str(workspace.root)]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_declared_sweep_needs_no_words_and_each_can_be_said_otherwise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = workspace_with(
        tmp_path,
        '[sweep]\nstrategy = "grid"\ntrials = 7\nworkers = 2\nmetric = "log_loss"\n'
        '[sweep.params]\nC = [0.1, 1, 10]\nmax_iter = "int(100..200, 2)"\n',
    )
    grid = planned(capsys, workspace)
    assert (grid["strategy"], grid["trials"]) == ("grid", 6)
    assert grid["first"][0]["params"] == {"C": 0.1, "max_iter": 100}
    assert (planned(capsys, workspace, "--strategy", "random")["trials"]) == 7
    assert (planned(capsys, workspace, "--strategy", "random", "--trials", "3")["trials"]) == 3
    own = planned(capsys, workspace, "-p", "C=1,2")
    assert own["trials"] == 2
    assert set(own["first"][0]["params"]) == {"C"}


def test_a_sweep_that_is_not_declared_says_how(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = workspace_with(tmp_path, "")
    assert main(["sweep", "--dry-run", "--workspace", str(workspace.root)]) == 2
    assert "[sweep.params]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[sweep]\nstrategy = "gird"\n', 7, "sweep.strategy must be"),
        ("[sweep]\ntrails = 3\n", 7, "Did you mean 'trials'?"),
        ("[sweep]\ntrials = 0\n", 7, "sweep.trials must be at least 1"),
        ("[sweep]\nmax_resource = 0.5\n", 7, "sweep.max_resource must be at least 1, not 0.5"),
        ("[sweep]\nminimize = 1\n", 7, "must be true or false"),
        ('[sweep]\nworkers = "two"\n', 7, "must be a whole number"),
        ("[sweep]\nparams = 3\n", 7, "must be a table"),
        ('[sweep.params]\nC = [1]\ndepth = "log(0..1)"\n', 8, "sweep.params.depth"),
        ("[sweep.params]\nC = []\n", 7, "sweep.params.C"),
        ("[sweep]\nparams = { C = [[1, 2]] }\n", 7, "sweep.params.C"),
        ("[sweep.params]\nC = 1979-05-27\n", 7, "sweep.params.C"),
        ("[sweep.params]\nC = ['1', 2]\n", 7, "sweep.params.C"),
    ],
)
def test_an_error_names_line_and_key(tmp_path: Path, text: str, line: int, words: str) -> None:
    workspace = workspace_with(tmp_path, "")
    workspace.config_path.write_text(MODEL + text)
    with pytest.raises(ConfigError) as caught:
        configured_space(workspace, *configured_sweep(workspace.config(), None))
    assert f"line {line}" in str(caught.value)
    assert words in str(caught.value)


def test_a_script_is_declared_whole_also_where_there_is_no_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        '[sweep]\ncommand = "python train.py"\nstrategy = "halving"\nmetric = "fit"\nminimize = true\n'
        'resource = "epochs"\nmax_resource = 9\nfix = { batch = 32, lr = 1 }\n'
        "[sweep.params]\nlr = [0.1, 0.2, 0.3, 0.4]\n"
    )
    for folder, head in (("alone", ""), ("beside", MODEL)):
        (tmp_path / folder).mkdir()
        workspace = init_workspace(tmp_path / folder, head + text)
        found = planned(capsys, workspace)
        assert (found["strategy"], found["trials"]) == ("halving", 5), folder
        assert set(found["first"][0]["params"]) == {"lr"}
        # What was declared of that script is said of no other, and a word of the command line comes first.
        assert planned(capsys, workspace, "--strategy", "grid")["trials"] == 4
        there = ["--dry-run", "--workspace", str(workspace.root), "--", "python", "other.py"]
        assert main(["sweep", *there]) == 2
        assert "which parameter counts its work" in capsys.readouterr().err


def test_a_sweep_without_a_model_and_a_command_says_what_it_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = init_workspace(tmp_path, "[sweep]\nmetric = 'loss'\n")
    assert main(["sweep", "-p", "x=1,2", "--workspace", str(workspace.root)]) == 2
    told = capsys.readouterr().err
    assert "no model" in told and "command in [sweep]" in told
    workspace.config_path.write_text("[training]\nseed = 1\n")
    with pytest.raises(ConfigError, match="belongs to a model"):
        workspace.config()


def test_a_model_of_several_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    text = (
        '[sweep.params]\nC = [1]\n[model.a]\ntarget = "y"\n[model.b]\ntarget = "y"\n'
        '[model.b.sweep.params]\nC = "what"\nx = ["a,b", "c d", true]\n'
    )
    workspace = init_workspace(tmp_path, text)
    assert configured_space(workspace, *configured_sweep(workspace.config(), "a")) == ("C=1",)
    assert configured_space(workspace, *configured_sweep(workspace.config(), "b")) == (
        "C=what",
        'x="a,b","c d",true',
    )
    workspace.config_path.write_text(text.replace('"what"', '"log(1..)"'))
    with pytest.raises(ConfigError, match="line 8"):
        configured_space(workspace, *configured_sweep(workspace.config(), "b"))


def test_seed_0_is_a_seed_and_none_is_the_configured_one(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path, "seed = 7\n")
    for asked, taken in ((0, 0), (None, 7), (3, 3)):
        plan = SweepPlan(("C=log(0.1..10)",), trials=3, seed=asked)
        assert checked(workspace, SweepOrder(plan))[0].seed == taken


def test_the_command_takes_seed_0_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = workspace_with(tmp_path, 'seed = 7\n[sweep.params]\nC = "log(0.1..10)"\n')
    seeds = ([], ["--seed", "7"], ["--seed", "0"])
    without, seven, zero = (planned(capsys, workspace, *words)["first"] for words in seeds)
    assert without == seven != zero


@pytest.mark.parametrize(
    "words",
    [
        ["--dry-run"],
        ["--max-time", "10m"],
        ["--seed", "0"],
        ["--validation", "0.2"],
        ["--maximize"],
        ["--threads", "1"],
        ["-p", "C=1,2"],
        ["--name", "x"],
        ["--register"],
        ["logistic"],
    ],
)
def test_what_a_resumed_sweep_would_pass_over_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    workspace = workspace_with(tmp_path, "")
    command = ["sweep", "--resume", "nosuch", "--jobs", "2", "--json", "--workspace", str(workspace.root)]
    assert main([*command, *words]) == 2
    told = capsys.readouterr().err
    option = {"-p": "--param", "--maximize": "--minimize/--maximize"}.get(words[0], words[0])
    assert (option if option.startswith("--") else "words of its own") in told
    assert "without" in told and "--jobs" not in told.partition("Give only")[0]
