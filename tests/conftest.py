"""What every test may use: a workspace on real files, and strings from hell."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilothouse.store import Store, open_store
from pilothouse.workspace import Workspace, init_workspace

CONFIG = """
[model]
name = "late"
target = "y"

[data]
folder = "data"
"""

HOSTILE = [
    "model [/foo]",
    "[bold red]x[/]",
    "\x1b[31mred\x1b[0m\x07",
    "a\nb\tc\r",
    "../../etc/passwd",
    "'; DROP TABLE runs; --",
    '"quoted" $name {x} %s',
    "\u202eright-to-left\u202c",
    "x" * 10_000,
    "naïve 🚢 表",
    "",
    " ",
    "\x00nul",
]


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PILOTHOUSE_WORKSPACE", "PILOTHOUSE_RUN_DIR", "PILOTHOUSE_RUN_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "data").mkdir()
    return init_workspace(tmp_path, CONFIG)


@pytest.fixture
def store(workspace: Workspace) -> Store:
    return open_store(workspace)
