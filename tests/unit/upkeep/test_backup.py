from __future__ import annotations

import io
import os
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest

from pilothouse.errors import PilothouseError
from pilothouse.jsontext import dumps
from pilothouse.store import Store, list_events, open_store, verify_events
from pilothouse.tracking.runs import get_run, list_runs, metric_history
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.upkeep.backup import HEAD_NAME, TAIL_NAME, back_up
from pilothouse.upkeep.restoring import restore
from pilothouse.workspace import Workspace


def make(workspace: Workspace, name: str) -> str:
    writer = open_run(workspace, RunStart(kind="api", name=name, status="RUNNING"), hold=True)
    writer.log_metrics({"loss": 0.5})
    for artifact in ("x.txt", "pid", ".hidden", "a\nb", "ünï🚢"):
        (writer.artifacts / artifact).write_text(artifact)
    writer.end("FINISHED", 0)
    return writer.run_id


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tgz"])
def test_what_was_backed_up_comes_back(
    workspace: Workspace, store: Store, tmp_path: Path, ending: str
) -> None:
    run_id = make(workspace, "kept [/x]")
    before = get_run(store, run_id)
    done = back_up(workspace, tmp_path / f"b.{ending}")
    assert done.files > 5
    assert list_events(store)[0].kind == "backup"
    make(workspace, "after")
    again = restore(tmp_path / f"b.{ending}", tmp_path / "deep" / "there")
    assert (again.files, again.bytes, again.created_at) == (done.files, done.bytes, done.created_at)
    there = Workspace(tmp_path / "deep" / "there")
    assert there.config() == workspace.config()
    other = open_store(there)
    assert list_runs(other) == [before]
    assert metric_history(other, run_id)["loss"][0].value == 0.5
    artifacts = there.run_dir(run_id) / "artifacts"
    assert sorted(path.name for path in artifacts.iterdir()) == sorted(
        ["x.txt", "pid", ".hidden", "a\nb", "ünï🚢"]
    )
    assert verify_events(other) is None
    assert list_events(other)[0].message.startswith("Restored from b.")
    assert not list(tmp_path.glob(".backup-*"))
    assert not list(tmp_path.glob("deep/.restore-*"))


def test_a_run_that_goes_on_is_lost_in_the_restored_one_and_goes_on_here(
    workspace: Workspace, store: Store, tmp_path: Path
) -> None:
    folded = open_run(workspace, RunStart(kind="api", name="folded", status="RUNNING"), hold=True)
    list_runs(store)
    unseen = open_run(workspace, RunStart(kind="api", name="unseen", status="RUNNING"), hold=True)
    unseen.log_metrics({"loss": 1.0})
    back_up(workspace, tmp_path / "b.tar")
    restore(tmp_path / "b.tar", tmp_path / "there")
    other = open_store(Workspace(tmp_path / "there"))
    assert {run.name: run.status for run in list_runs(other)} == {"folded": "LOST", "unseen": "LOST"}
    assert metric_history(other, unseen.run_id)["loss"][0].value == 1.0
    for writer in (folded, unseen):
        writer.end("FINISHED", 0)
    assert {run.status for run in list_runs(store)} == {"FINISHED"}


def test_what_belongs_to_processes_stays_behind(workspace: Workspace, store: Store, tmp_path: Path) -> None:
    run_id = make(workspace, "one")
    for name in ("serving/token", "serving/alive", "serving/status.json", "watch/status.json", ".x.tmp"):
        path = workspace.state_dir / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("secret")
    (workspace.run_dir(run_id) / "pid").write_text("1")
    (workspace.run_dir(run_id) / "link").symlink_to("/etc/passwd")
    log = workspace.serving_dir / "predictions" / "1.jsonl"
    log.parent.mkdir()
    log.write_text("{}\n")
    log.chmod(0o600)
    assert back_up(workspace, tmp_path / "b.tar").left_out == 1
    with tarfile.open(tmp_path / "b.tar") as tar:
        members = tar.getmembers()
    names = {member.name for member in members}
    assert names.isdisjoint(
        f".pilothouse/{name}"
        for name in ("serving/token", "serving/alive", "serving/status.json", "watch/status.json", ".x.tmp")
    )
    assert not {name for name in names if name.endswith(("/pid", "/alive", "/link", ".lock"))} - {
        f".pilothouse/runs/{run_id}/artifacts/pid"
    }
    assert {(member.type, member.uid, member.uname) for member in members} == {(tarfile.REGTYPE, 0, "")}
    restore(tmp_path / "b.tar", tmp_path / "there")
    kept = Workspace(tmp_path / "there").serving_dir / "predictions" / "1.jsonl"
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("length", "changed"), [(0, True), (600_000, True), (700_000, False)])
def test_an_artifact_that_is_rewritten_meanwhile_is_told(
    workspace: Workspace,
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    length: int,
    changed: bool,
) -> None:
    run_id = get_run(store, make(workspace, "one")).run_id
    path = workspace.run_dir(run_id) / "artifacts" / "checkpoint.pt"
    path.write_bytes(b"1" * 600_000)
    os.utime(path, (1, 1))
    add = tarfile.TarFile.addfile

    def meanwhile(tar: tarfile.TarFile, about: tarfile.TarInfo, file: Any = None) -> None:
        """Its size is known; now a script writes it anew."""
        if about.name.endswith(path.name):
            path.write_bytes(b"1" * length)
        add(tar, about, file)

    monkeypatch.setattr(tarfile.TarFile, "addfile", meanwhile)
    made = back_up(workspace, tmp_path / "b.tar")
    name = f".pilothouse/runs/{run_id}/artifacts/checkpoint.pt"
    assert made.changed == ((name,) if changed else ())
    assert list_events(store)[0].data["changed"] == list(made.changed)
    assert restore(tmp_path / "b.tar", tmp_path / "there").files == made.files
    assert (Workspace(tmp_path / "there").root / name).stat().st_size == 600_000


def test_a_file_or_folder_that_cannot_be_read_is_named(
    workspace: Workspace, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = make(workspace, "one")
    artifact = workspace.run_dir(run_id) / "artifacts" / "x.txt"

    def refused(path: Path) -> None:
        with monkeypatch.context() as patch:
            for module, name in ((io, "open"), (os, "scandir")):
                real = getattr(module, name)

                def opened(one: Any, *rest: Any, _real: Any = real, **more: Any) -> Any:
                    if str(one) == str(path):
                        raise PermissionError(13, "Permission denied", str(path))
                    return _real(one, *rest, **more)

                patch.setattr(module, name, opened)
            with pytest.raises(PilothouseError, match=re.escape(f"{path} cannot be read: Permission denied")):
                back_up(workspace, tmp_path / "b.tar")
        assert list(tmp_path.glob("*b*.tar*")) == list(tmp_path.glob(".backup-*")) == []

    # The superuser may read everything, so that nothing is refused by permissions where tests run as one.
    refused(artifact)
    refused(artifact.parent)


def test_the_data_folder(workspace: Workspace, store: Store, tmp_path: Path) -> None:
    (workspace.root / "data" / "x.csv").write_text("a,y\n1,0\n")
    back_up(workspace, tmp_path / "data" / "with.tar", data=True)
    back_up(workspace, tmp_path / "without.tar")
    restore(tmp_path / "data" / "with.tar", tmp_path / "one")
    restore(tmp_path / "without.tar", tmp_path / "two")
    assert [path.name for path in (tmp_path / "one" / "data").iterdir()] == ["x.csv"]
    # No dataset version was made yet, so there is nothing to make it from.
    assert list((tmp_path / "two" / "data").iterdir()) == []


def test_nothing_is_overwritten(workspace: Workspace, store: Store, tmp_path: Path) -> None:
    path = tmp_path / "b.tar"
    back_up(workspace, path)
    content = path.read_bytes()
    with pytest.raises(PilothouseError, match="exists already"):
        back_up(workspace, path)
    assert path.read_bytes() == content
    back_up(workspace, path, force=True)
    for folder in (workspace.root, path):
        with pytest.raises(PilothouseError, match="not empty"):
            restore(path, folder)
    with pytest.raises(PilothouseError, match="cannot be written"):
        back_up(workspace, path / "below" / "b.tar")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.97])
@pytest.mark.parametrize("ending", ["tar", "tgz"])
def test_a_backup_that_was_cut_short_is_told(
    workspace: Workspace, store: Store, tmp_path: Path, share: float, ending: str
) -> None:
    make(workspace, "one")
    path = tmp_path / f"b.{ending}"
    back_up(workspace, path)
    content = path.read_bytes().rstrip(b"\0") if ending == "tar" else path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(PilothouseError, match=r"not a whole backup|cannot be made"):
        restore(path, tmp_path / "there")
    assert not (tmp_path / "there").exists()
    assert not list(tmp_path.glob(".restore-*"))


def test_a_backup_cut_between_two_members_is_told(workspace: Workspace, store: Store, tmp_path: Path) -> None:
    """There it is a sound archive, which only lacks the rest."""
    make(workspace, "one")
    path, cut = tmp_path / "b.tar", tmp_path / "cut.tar"
    back_up(workspace, path)
    with tarfile.open(path) as tar:
        starts = [one.offset for one in tar]
    content = path.read_bytes()
    for start in starts[1:]:
        cut.write_bytes(content[:start])
        with pytest.raises(PilothouseError, match="cut short"):
            restore(cut, tmp_path / "there")
        assert not (tmp_path / "there").exists()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.mark.parametrize(
    "evil",
    [
        member("../evil"),
        member("/evil"),
        member(".pilothouse/../../evil"),
        member("C:/evil"),
        member("a\\..\\..\\evil"),
        member(".pilothouse/link", tarfile.SYMTYPE, "/etc/passwd"),
        member(".pilothouse/link", tarfile.LNKTYPE, "pilothouse.toml"),
        member(".pilothouse/pipe", tarfile.FIFOTYPE),
        member(".pilothouse/dev", tarfile.CHRTYPE),
        member("."),
    ],
    ids=lambda info: f"{info.name}-{info.type.decode()}",
)
def test_a_member_that_would_lead_out_is_refused(
    workspace: Workspace, store: Store, tmp_path: Path, evil: tarfile.TarInfo
) -> None:
    path = tmp_path / "b.tar"
    with tarfile.open(path, "w") as tar:
        for info, content in (
            (member(HEAD_NAME), dumps({"format": 1, "created_at": "x"})),
            (member("pilothouse.toml"), "x"),
            (evil, ""),
            (member(TAIL_NAME), dumps({"files": 2, "bytes": 0})),
        ):
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content.encode()))
    with pytest.raises(PilothouseError, match="could lead out of the folder"):
        restore(path, tmp_path / "inner" / "there")
    assert not list((tmp_path / "inner").iterdir())
    assert not (tmp_path / "evil").exists()


def test_what_is_no_backup_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.tar").write_text("words")
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.addfile(member("x"))
    with tarfile.open(tmp_path / "newer.tar", "w") as tar:
        content = dumps({"format": 99, "created_at": "x"}).encode()
        info = member(HEAD_NAME)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    for name, words in (
        ("text.tar", "not a whole backup"),
        ("other.tar", "not a whole backup"),
        ("newer.tar", "newer Pilothouse"),
        ("nothing.tar", "no file"),
    ):
        with pytest.raises(PilothouseError, match=words):
            restore(tmp_path / name, tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_setuid_is_not_restored(workspace: Workspace, store: Store, tmp_path: Path) -> None:
    run_id = make(workspace, "one")
    os.chmod(workspace.run_dir(run_id) / "artifacts" / "x.txt", 0o6777)  # noqa: PTH101
    back_up(workspace, tmp_path / "b.tar")
    restore(tmp_path / "b.tar", tmp_path / "there")
    kept = Workspace(tmp_path / "there").run_dir(run_id) / "artifacts" / "x.txt"
    assert kept.stat().st_mode & 0o7777 == 0o755
