"""Here nothing is made beforehand: how a store comes to be is what these tests are about."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostile import CONFIG
from pilothouse.workspace import Workspace, init_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "data").mkdir()
    return init_workspace(tmp_path, CONFIG)
