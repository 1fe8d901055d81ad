from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from making_data import write_text
from pilothouse.config import ModelConfig
from pilothouse.data.keeping import condition, fingerprint, keep, object_path
from pilothouse.data.reading import DataError, probe
from pilothouse.data.versions import conditions, dataset_paths, snapshot
from pilothouse.store import Store, list_events
from pilothouse.workspace import Workspace

ELSEWHERE = Path("/dev/shm")


@pytest.fixture
def linking(workspace: Workspace) -> ModelConfig:
    text = workspace.config_path.read_text() + 'keep = "link"\n'
    workspace.config_path.write_text(text)
    return workspace.config().model()


@pytest.fixture
def file(workspace: Workspace) -> Path:
    return write_text(workspace.root / "data" / "a.csv", "x,y\n1,0\n2,1\n")


def test_a_link_takes_no_disk_and_leaves_the_file_alone(
    workspace: Workspace, store: Store, linking: ModelConfig, file: Path
) -> None:
    os.utime(file, (1_000_000_000, 1_000_000_000))
    file.chmod(0o640)
    before = file.stat()
    made = snapshot(workspace, store, linking)
    kept = dataset_paths(workspace, made)[0].path
    assert kept.samefile(file)
    after = file.stat()
    assert (after.st_mtime_ns, after.st_mode) == (before.st_mtime_ns, before.st_mode)
    assert list_events(store)[0].data["linked"] == 1
    assert conditions(workspace, [made])[made.version]["a.csv"].shared


def test_a_file_edited_in_place_is_found_out_before_it_is_read(
    workspace: Workspace, store: Store, linking: ModelConfig, file: Path
) -> None:
    made = snapshot(workspace, store, linking)
    before = file.stat()
    with file.open("r+") as opened:  # As many bytes, and the old date put back.
        opened.write("x,y\n9,")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(DataError, match=r"a\.csv of dataset version .* hard link") as caught:
        dataset_paths(workspace, made)
    assert "keeps it anew" in caught.value.next
    assert not condition(workspace, made.files[0].sha256).sound
    # What lies there now is a version of its own.
    assert snapshot(workspace, store, linking).version != made.version


@pytest.mark.parametrize("in_place", [True, False])
def test_what_was_put_back_is_kept_anew(
    workspace: Workspace, store: Store, linking: ModelConfig, file: Path, in_place: bool
) -> None:
    made, text = snapshot(workspace, store, linking), file.read_text()
    file.write_text("x,y\n7,7\n")
    with pytest.raises(DataError):
        dataset_paths(workspace, made)
    if not in_place:
        file.rename(file.with_name("b.csv"))
    file.write_text(text)
    assert snapshot(workspace, store, linking, [file]).version == made.version
    assert probe(dataset_paths(workspace, made)[0]) == 2


def test_replacing_or_removing_the_file_does_no_harm(
    workspace: Workspace, store: Store, linking: ModelConfig, file: Path
) -> None:
    made = snapshot(workspace, store, linking)
    write_text(file.with_suffix(".tmp"), "x,y\n5,1\n").replace(file)
    assert [condition(workspace, made.files[0].sha256).shared] == [False]
    file.unlink()
    assert probe(dataset_paths(workspace, made)[0]) == 2


def test_choosing_copies_again_makes_links_copies(
    workspace: Workspace, store: Store, linking: ModelConfig, file: Path
) -> None:
    made = snapshot(workspace, store, linking)
    copying = replace(linking, data=replace(linking.data, keep="copy"))
    assert snapshot(workspace, store, copying).version == made.version
    assert not conditions(workspace, [made])[made.version]["a.csv"].shared
    file.write_text("x,y\n7,7\n")
    assert probe(dataset_paths(workspace, made)[0]) == 2


def test_a_copy_that_rots_is_found_out_and_mended(workspace: Workspace, store: Store, file: Path) -> None:
    config = workspace.config().model()
    made = snapshot(workspace, store, config)
    kept = dataset_paths(workspace, made)[0].path
    kept.chmod(0o644)
    kept.write_text("x,y\n1,0\n2,0\n")
    with pytest.raises(DataError, match="no longer holds the bytes") as caught:
        dataset_paths(workspace, made)
    assert "hard link" not in str(caught.value)
    snapshot(workspace, store, config)
    assert probe(dataset_paths(workspace, made)[0]) == 2


def test_a_link_to_a_file_keeps_the_file(
    workspace: Workspace, store: Store, linking: ModelConfig, tmp_path: Path
) -> None:
    real = write_text(tmp_path / "elsewhere" / "real.csv", "x,y\n1,0\n2,1\n")
    (workspace.root / "data" / "a.csv").symlink_to(real)
    made = snapshot(workspace, store, linking)
    kept = dataset_paths(workspace, made)[0].path
    assert kept.samefile(real)
    assert not kept.is_symlink()
    (workspace.root / "data" / "a.csv").unlink()
    real.unlink()
    assert probe(dataset_paths(workspace, made)[0]) == 2


@pytest.mark.skipif(not ELSEWHERE.is_dir(), reason="there is no second file system to try it with")
def test_across_file_systems_it_is_copied_and_said(
    workspace: Workspace, store: Store, linking: ModelConfig, tmp_path: Path
) -> None:
    far = ELSEWHERE / f"pilothouse-test-{os.getpid()}.csv"
    try:
        write_text(far, "x,y\n1,0\n2,1\n")
        if far.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("the folder for tests lies there too")
        said: list[str] = []
        made = snapshot(workspace, store, linking, [far], tell=said.append)
        assert not conditions(workspace, [made])[made.version][far.name].shared
        assert "another file system" in said[0]
        assert list_events(store)[0].data["copied"] == {far.name: "it lies on another file system"}
    finally:
        far.unlink(missing_ok=True)


def test_a_seal_that_is_torn_or_forged_is_not_believed(workspace: Workspace, file: Path) -> None:
    digest = keep(workspace, file).sha256
    seal = workspace.state_dir / ".seals" / digest
    for text in ("", "{", "[1, 2]", '{"size": "x"}', "1"):
        seal.write_text(text)
        assert condition(workspace, digest).sound


class LinkedFile(RuleBasedStateMachine):
    """However a linked file is treated, nobody is given bytes that are not those of the name."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        root = Path(tempfile.mkdtemp(dir=self.folder))
        self.workspace = Workspace(root)
        self.file = write_text(root / "a.csv", "x,y\n1,0\n")
        self.known: set[str] = set()

    @rule(how=st.sampled_from(["copy", "link"]))
    @precondition(lambda self: self.file.exists())
    def keep(self, how: str) -> None:
        self.known.add(keep(self.workspace, self.file, how).sha256)  # type: ignore[arg-type]

    @rule(text=st.sampled_from(["x,y\n1,0\n", "x,y\n2,0\n", "x,y\n3,1\n4,4\n"]), old_date=st.booleans())
    def edit(self, text: str, old_date: bool) -> None:
        self.file.write_text(text)
        if old_date:
            os.utime(self.file, (1_000_000_000, 1_000_000_000))

    @rule(text=st.sampled_from(["x,y\n1,0\n", "x,y\n2,0\n"]))
    def replace(self, text: str) -> None:
        write_text(self.file.with_suffix(".tmp"), text).replace(self.file)

    @rule()
    @precondition(lambda self: self.file.exists())
    def remove(self) -> None:
        self.file.unlink()

    @invariant()
    def what_is_called_sound_is(self) -> None:
        for digest in self.known:
            actual = fingerprint(object_path(self.workspace, digest))
            assert condition(self.workspace, digest).sound == (actual == digest)


def test_nobody_reads_other_bytes(tmp_path: Path) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    LinkedFile.folder = tmp_path
    run_state_machine_as_test(
        LinkedFile, settings=settings(max_examples=60, stateful_step_count=20, deadline=None)
    )
