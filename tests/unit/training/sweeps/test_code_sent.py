"""The code that a trial elsewhere gets, and the folder there that its command runs in."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from pilothouse.errors import UsageError
from pilothouse.tracking.origin.code import keep_code
from pilothouse.training.spec import RunSpec
from pilothouse.training.sweeps.data import code_files, script_data
from pilothouse.training.sweeps.plan import SweepPlan
from pilothouse.training.sweeps.strategies import Planned
from pilothouse.training.sweeps.trial import Order, run_trial
from pilothouse.workspace import Workspace

SCRIPT = """
import pathlib
import part
from pilothouse.workspace import find_workspace
assert find_workspace().config_path.read_text() == pathlib.Path({config!r}).read_text()
print("loss:", part.LOSS)
"""


def sent(workspace: Workspace, folder: str, *words: str) -> dict[str, float]:
    """Run a trial as a worker would that has nothing but the bytes."""
    spec = RunSpec(None, command=(sys.executable, *words), folder=folder)
    plan = SweepPlan(("x=1",), cluster="tcp://nowhere:1", code=code_files(workspace, spec.command, folder))
    data = script_data(workspace, spec, plan, workspace.root)
    assert str(workspace.root) not in repr(replace(data, code={}, command=()))
    result = run_trial(Order(Planned("0", 0, {}), {}), data)
    assert not result.error, result.log
    return result.metrics


@pytest.fixture
def out(workspace: Workspace) -> Path:
    """A folder beside the workspace; scripts in it, in the workspace and below all say which they are."""
    out = workspace.root.parent / f"{workspace.root.name}-beside"
    for n, folder in enumerate((workspace.root, workspace.root / "sub", out)):
        folder.mkdir(exist_ok=True)
        (folder / "sw.py").write_text(SCRIPT.format(config=str(workspace.config_path)))
        (folder / "part.py").write_text(f"LOSS = {n}\n")
    return out


def test_a_command_runs_in_its_folder_among_the_code_that_was_sent(workspace: Workspace, out: Path) -> None:
    assert sent(workspace, ".", "sw.py") == {"loss": 0.0}
    assert sent(workspace, "sub", "sw.py") == {"loss": 1.0}
    assert sent(workspace, "sub", "../sw.py") == {"loss": 0.0}
    assert sent(workspace, f"../{out.name}", "sw.py") == {"loss": 2.0}


def test_a_script_that_would_not_be_there_is_told(workspace: Workspace, out: Path) -> None:
    beside = f"../{out.name}"
    for folder, word in ((".", f"{beside}/sw.py"), (beside, f"../{workspace.root.name}/sw.py")):
        with pytest.raises(UsageError, match="lies outside of"):
            code_files(workspace, ("python", word), folder)


def test_of_a_folder_of_everything_only_what_is_named_is_sent(
    workspace: Workspace, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(out))
    assert code_files(workspace, ("python", "sw.py"), f"../{out.name}") == ("sw.py",)
    assert keep_code(workspace, out, [out / "sw.py"]).files[0].path == f"../{out.name}/sw.py"
    assert len(keep_code(workspace, out, [out / "sw.py"]).files) == 1
