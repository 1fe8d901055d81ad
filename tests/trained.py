"""Fixtures: a trained workspace, made once a session; each test gets a copy of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

import steering
from pilothouse.workspace import Workspace


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return steering.trained_template(tmp_path_factory.getbasetemp())


@pytest.fixture
def trained(template: Path, tmp_path: Path) -> Workspace:
    """v1 is live, v2 waits."""
    return steering.copy_of(template, tmp_path / "trained")


@pytest.fixture
def fresh(tmp_path: Path) -> Workspace:
    """Data, and nothing done yet."""
    return steering.make_workspace(tmp_path / "fresh")
