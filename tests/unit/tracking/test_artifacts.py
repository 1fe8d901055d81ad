from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import HOSTILE
from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.tracking import artifacts
from pilothouse.tracking.kinds import HEAD, image_size, kind_of

NAMES = [name for name in HOSTILE if name and "/" not in name and "\0" not in name and len(name) < 200]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's artifacts with links of every kind that lead out of it."""
    (tmp_path / "secret.txt").write_text("secret")
    inside = tmp_path / "run" / "artifacts"
    (inside / "deep" / "er").mkdir(parents=True)
    (inside / "deep" / "er" / "x.txt").write_text("x")
    for name in NAMES:
        (inside / name).write_text(name)
    (inside / "file-link").symlink_to(tmp_path / "secret.txt")
    (inside / "folder-link").symlink_to(tmp_path)
    (inside / "dangling").symlink_to("nowhere")
    os.mkfifo(inside / "pipe")
    return inside


def test_plain_files_are_listed_and_links_only_counted(folder: Path) -> None:
    found = artifacts.list_artifacts(folder)
    assert {file.path for file in found.files} == {*NAMES, "deep/er/x.txt"}
    assert found.links == 3
    assert not found.more
    assert artifacts.list_artifacts(folder / "none").files == ()


def test_a_folder_that_is_itself_a_link_is_not_followed(folder: Path) -> None:
    link = folder.parent / "other"
    link.symlink_to(folder)
    assert artifacts.list_artifacts(link) == artifacts.Listing((), 1)
    with pytest.raises(PilothouseError, match="link"):
        artifacts.find_artifact(link, "deep/er/x.txt")


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_only_a_name(folder: Path, name: str) -> None:
    assert artifacts.find_artifact(folder, name).read_bytes() == name.encode()


@pytest.mark.parametrize(
    "name", ["../../secret.txt", "deep/../../../secret.txt", "/etc/passwd", "..", "", ".", "a\0b", "deep/.."]
)
def test_a_name_that_leads_out_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(PilothouseError, match="leads out"):
        artifacts.find_artifact(folder, name)


@pytest.mark.parametrize("name", ["file-link", "folder-link/secret.txt", "folder-link", "dangling"])
def test_links_are_refused(folder: Path, name: str) -> None:
    with pytest.raises(PilothouseError, match="links are not followed"):
        artifacts.find_artifact(folder, name)


@given(st.text(max_size=40))
def test_no_name_at_all_reads_outside(name: str) -> None:
    base = Path(__file__).parent / "exchange"
    try:
        found = artifacts.find_artifact(base, name)
    except PilothouseError:
        return
    assert found.resolve().is_relative_to(base.resolve())


def test_what_is_missing_or_no_file_is_said(folder: Path) -> None:
    with pytest.raises(NotFoundError):
        artifacts.find_artifact(folder, "nothing")
    with pytest.raises(NotFoundError):
        artifacts.find_artifact(folder, "x" * 5_000)
    with pytest.raises(PilothouseError, match="neither"):
        artifacts.find_artifact(folder, "pipe")


def test_saving_copies_plain_files_and_replaces_nothing(folder: Path, tmp_path: Path) -> None:
    place, count, size = artifacts.save_artifact(folder / "deep", tmp_path / "out")
    assert (place, count, size) == (tmp_path / "out", 1, 1)
    assert (place / "er" / "x.txt").read_text() == "x"
    with pytest.raises(PilothouseError, match="exists already"):
        artifacts.save_artifact(folder / "deep" / "er" / "x.txt", place / "er")
    place, count, _ = artifacts.save_artifact(folder, tmp_path / "all")
    assert count == len(NAMES) + 1
    assert not any(path.is_symlink() for path in place.rglob("*"))


@given(st.binary(max_size=300), st.sampled_from(["a.json", "a.csv", "a.png", "a", "a.svg", "a.parquet"]))
def test_any_bytes_are_some_kind(data: bytes, name: str) -> None:
    kind, word = kind_of(name, data)
    assert word
    assert (kind == "empty") == (not data)
    image_size(lambda most, start: data[start : start + most])


def test_kinds_are_told_by_content_before_name() -> None:
    assert kind_of("x.txt", b"\x89PNG\r\n\x1a\n")[0] == "image"
    assert kind_of("x.png", b"no picture") == ("text", "text")
    assert kind_of("x.csv", b"\x00\x01") == ("binary", "binary")
    assert kind_of("m.joblib", b"\x80\x04\x95\x00")[1] == "pickle"
    assert kind_of("x.txt", ("x" * (HEAD - 1) + "é").encode()[:HEAD])[0] == "text"
    assert kind_of("x.txt", b"caf\xe9 au lait")[0] == "binary"
    assert kind_of("x", b"  <svg/>")[0] == "svg"
