from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostile import CONFIG, HOSTILE
from pilothouse.errors import ConfigError, NotFoundError, PilothouseError
from pilothouse.workspace import Workspace, find_workspace, init_workspace, safe_name


def test_found_from_inside_and_by_variable(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "data"
    monkeypatch.chdir(inside)
    assert find_workspace() == workspace
    monkeypatch.chdir("/")
    monkeypatch.setenv("PILOTHOUSE_WORKSPACE", str(tmp_path))
    assert find_workspace() == workspace


def test_outside_the_error_names_init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFoundError, match="pilothouse init"):
        find_workspace()


def test_init_never_overwrites(workspace: Workspace) -> None:
    before = workspace.config_path.read_text()
    with pytest.raises(ConfigError, match="exists already"):
        init_workspace(workspace.root, CONFIG.replace("late", "other"))
    assert workspace.config_path.read_text() == before


def test_a_configuration_that_does_not_load_is_not_left_behind(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        init_workspace(tmp_path, "[model]\n")
    assert not (tmp_path / "pilothouse.toml").exists()


@pytest.mark.parametrize("name", [*HOSTILE, "..", ".", "-rf", "a/b", "a\\b", "CON", "nul.txt", "x" * 101])
def test_a_name_that_could_leave_its_folder_is_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(PilothouseError, match="cannot be used"):
        safe_name(name)
    with pytest.raises(PilothouseError):
        workspace.run_dir(name)
    with pytest.raises(PilothouseError):
        workspace.version_dir(name, 1)


PART = st.sampled_from(("..", "a", "b", "odd name", "..c"))


@given(st.lists(PART, max_size=6), st.lists(PART, max_size=6))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_where_a_folder_lies_is_told_and_found_again(tmp_path: Path, down: list[str], way: list[str]) -> None:
    root = tmp_path.joinpath("x", "y", "z", *(part for part in down if part != ".."))
    folder = root.joinpath(*way)
    place = Workspace(root).place_of(folder)
    assert str(tmp_path) not in place or len(way) > 5, "nothing absolute is kept"
    assert Workspace(root).folder_at(place) == Path(os.path.normpath(folder))
    assert (place == ".") == (Path(os.path.normpath(folder)) == root)


def test_a_workspace_that_is_reached_by_a_link_has_its_own_neighbours(tmp_path: Path) -> None:
    for name in ("real/ws", "real/beside", "other"):
        (tmp_path / name).mkdir(parents=True)
    link = tmp_path / "other" / "link"
    link.symlink_to(tmp_path / "real" / "ws", target_is_directory=True)
    place = Workspace(link).place_of(tmp_path / "real" / "beside")
    assert place == "../beside" and Workspace(link).folder_at(place) == tmp_path / "real" / "beside"
    assert Workspace(link).folder_at("sub") == link / "sub"


def test_a_workspace_that_is_named_by_a_detour_has_its_plain_path(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace.root / "sub").mkdir()
    monkeypatch.chdir(workspace.root / "sub")
    assert find_workspace(Path("..")).root == workspace.root.resolve()
    monkeypatch.setenv("PILOTHOUSE_WORKSPACE", "../sub/..")
    assert find_workspace().root == workspace.root.resolve()
