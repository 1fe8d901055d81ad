"""Who may import whom, and what a start may cost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pilothouse.cli.main import COMMAND_MODULES
from pilothouse.store import open_store
from pilothouse.tracking.runs import list_runs
from pilothouse.workspace import Workspace
from steering import environment

ROOT = Path(__file__).parents[2]
SCIENCE = {"pandas", "numpy", "sklearn", "scipy", "joblib"}
HEAVY = SCIENCE | {"textual", "rich", "duckdb", "starlette", "uvicorn", "watchdog", "asyncio"}


def loaded_by(code: str, cwd: Path | None = None) -> set[str]:
    """The top-level modules that a fresh Python has after running `code`."""
    told = "import sys, json; print('\\n' + json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{told}"],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_imports_run_downwards_only() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "2 kept, 0 broken" in done.stdout


def test_a_name_has_one_door() -> None:
    # mypy refuses a name that a module only imports, unless `__all__` hands it on.
    doors = [path for path in (ROOT / "app").rglob("*.py") if "\n__all__" in path.read_text()]
    assert [path for path in doors if path.name != "__init__.py"] == []


def test_logging_a_run_loads_nothing_heavy(workspace: Workspace) -> None:
    assert not loaded_by("import pilothouse") & HEAVY
    code = "import pilothouse as ph\nwith ph.start_run(params={'a': 1}) as run: run.log_metric('loss', 0.5)"
    # Click is for the command line only.
    assert not loaded_by(code, workspace.root) & (HEAVY | {"click", "difflib"})
    assert [run.metrics for run in list_runs(open_store(workspace))] == [{"loss": 0.5}]


def command(*words: str) -> str:
    return f"from pilothouse.cli.main import main\nassert main({list(words)!r}) == 0"


def test_help_loads_nothing_heavy() -> None:
    # --help shows a sentence of every command, so it loads every module of theirs, and none behind them.
    every = [["--version"], *([name, "--help"] for name in COMMAND_MODULES), ["--help"]]
    code = f"""import sys
from pilothouse.cli.main import main
for words in {every}:
    assert main(words) == 0, words
    heavy = {HEAVY} & {{name.split(".")[0] for name in sys.modules}}
    assert not heavy, (words, heavy)
"""
    assert not loaded_by(code) & HEAVY


@pytest.mark.parametrize(
    "words",
    [
        ["runs"],
        ["events"],
        ["events", "--verify"],
        ["models"],
        ["data"],
        ["watch", "--status"],
        ["serve", "--stop"],
        ["drift"],
    ],
    ids=" ".join,
)
def test_commands_that_only_look_load_no_science_and_no_screens(
    workspace: Workspace, words: list[str]
) -> None:
    loaded = loaded_by(command(*words), workspace.root)
    assert not loaded & (SCIENCE | {"textual", "starlette", "uvicorn"})


def test_starting_a_training_loads_no_science(fresh: Workspace) -> None:
    loaded = loaded_by(command("train", "--detach"), fresh.root)
    assert not loaded & (SCIENCE | {"textual", "starlette", "uvicorn"})


def test_the_terminal_ui_loads_no_science() -> None:
    screens = sorted(path.stem for path in (ROOT / "app/pilothouse/tui/screens").glob("*.py"))
    imports = "\n".join(f"import pilothouse.tui.screens.{name}" for name in screens if name != "__init__")
    loaded = loaded_by(f"import pilothouse.tui.app\n{imports}")
    assert not loaded & SCIENCE
    assert "textual" in loaded


def test_only_the_store_and_who_reads_data_imports_duckdb() -> None:
    allowed = (
        *("store", "data", "monitoring", "training", "registry", "serving", "demo", "autopilot"),
        "performance",
    )
    for path in (ROOT / "app/pilothouse").rglob("*.py"):
        package = path.relative_to(ROOT / "app/pilothouse").parts[0]
        if package not in allowed and "import duckdb" in path.read_text():
            lines = path.read_text().splitlines()
            # Inside a function it costs only who calls it.
            assert all(line.startswith(" ") for line in lines if "import duckdb" in line), path
