"""What made a run: found out from real folders, a real git and real processes."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from hostile import HOSTILE
from pilothouse.errors import PilothouseError
from pilothouse.tracking.origin import Origin, read_later_origins, read_origin, read_patch
from pilothouse.tracking.origin import code as code_module
from pilothouse.tracking.origin import git as git_module
from pilothouse.tracking.origin.code import keep_code, read_code
from pilothouse.tracking.origin.recording import record_origin
from pilothouse.tracking.origin.usage import CPU, MEMORY, Usage, interval, peak_memory
from pilothouse.workspace import Workspace
from waiting import wait_until

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def record(workspace: Workspace, *argv: str, again: bool = False, **environment: str) -> Origin:
    folder = workspace.run_dir("r1")
    if not again:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, **environment}
    return record_origin(workspace, folder, argv=argv, cwd=workspace.root, environment=env, seed=7)


@needs_git
def test_commit_branch_and_what_was_not_committed(workspace: Workspace) -> None:
    script = workspace.root / "train.py"
    script.write_text("print(1)\n")
    (workspace.root / ".gitignore").write_text(".pilothouse\ndata\nsecret.py\n")
    git(workspace.root, "init")
    git(workspace.root, "add", ".")
    git(workspace.root, "commit", "-m", "one")
    clean = record(workspace, sys.executable, "train.py")
    assert clean.git is not None and len(clean.git.commit) == 40
    assert (clean.git.branch, clean.git.dirty, clean.patch) == ("main", False, None)
    script.write_text("print(2)\n")
    (workspace.root / "new.py").write_text("NEW = 1\n")
    (workspace.root / "secret.py").write_text("TOKEN = 1\n")
    made = record(workspace, sys.executable, str(script), OMP_NUM_THREADS="3", SECRET_TOKEN="no")
    folder = workspace.run_dir("r1")
    assert made == read_origin(folder)
    assert made.git is not None and made.git.dirty and made.git.commit == clean.git.commit
    assert "-print(1)" in read_patch(folder) and "+print(2)" in read_patch(folder)
    # A file that git does not know yet is in the snapshot; one that it is told to ignore is not.
    assert [one.path for one in made.code] == ["new.py", "pilothouse.toml", "train.py"]
    assert read_code(workspace, made.code[2]) == b"print(2)\n"
    # Nothing says where the workspace lies.
    assert made.argv == ("python", "train.py")
    assert made.threads["OMP_NUM_THREADS"] == "3" and made.seed == 7
    assert "SECRET_TOKEN" not in (folder / "origin.json").read_text()
    assert made.packages["duckdb"] and made.host.cpus >= 1 and made.host.memory_bytes > 10**8


def other_git(folder: Path, monkeypatch: pytest.MonkeyPatch, diff: str) -> None:
    """Put a `git` first on the path that is the real one, but when it is asked for a diff does this."""
    folder.mkdir()
    real = shutil.which("git")
    (folder / "git").write_text(
        f'#!/bin/sh\ncase " $* " in *" diff HEAD "*) {diff};; esac\nexec {real} "$@"\n'
    )
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def changed_script(workspace: Workspace) -> Path:
    script = workspace.root / "train.py"
    script.write_text("print(1)\n")
    for words in (["init"], ["add", "train.py"], ["commit", "-m", "one"]):
        git(workspace.root, *words)
    script.write_text("print(2)\n")
    return script


@needs_git
@pytest.mark.skipif(sys.platform == "win32", reason="a shell as only POSIX knows it")
def test_of_a_patch_without_end_only_what_is_kept_is_read(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed_script(workspace)
    other_git(tmp_path / "bin", monkeypatch, "exec yes")
    made = record(workspace, sys.executable, "train.py")
    assert (made.patch, made.patch_whole) == ("patch.diff", False)
    assert (workspace.run_dir("r1") / "patch.diff").stat().st_size == git_module.MOST_PATCH
    assert made.patch_lacks == "the patch was too large and is cut"
    # Of what goes on with a run no patch is kept, whole or not.
    record(workspace, sys.executable, "train.py", again=True)
    (later,) = read_later_origins(workspace.run_dir("r1"))
    assert (later.patch, later.patch_lacks) == (None, "")


@needs_git
@pytest.mark.skipif(sys.platform == "win32", reason="a shell as only POSIX knows it")
def test_a_patch_that_takes_too_long_is_said_to_be_missing(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = changed_script(workspace)
    other_git(tmp_path / "bin", monkeypatch, "echo half; exec sleep 60")
    monkeypatch.setattr(git_module, "_PATIENCE", 1.0)
    made = record(workspace, sys.executable, str(script))
    assert made.git is not None and made.git.dirty
    assert (made.patch, made.patch_whole) == (None, False)
    assert made.patch_lacks == "the patch is missing: git took too long to tell it"
    assert made == read_origin(workspace.run_dir("r1"))
    assert read_patch(workspace.run_dir("r1")) == ""


def test_without_a_repository_the_folder_is_looked_through(workspace: Workspace) -> None:
    root = workspace.root
    (root / "lib").mkdir()
    (root / "lib" / "own.py").write_text("x = 1")
    (root / "train.py").write_text("import lib.own")
    (root / "data" / "notes.py").write_text("data")
    (root / "venv").mkdir()
    (root / "venv" / "pyvenv.cfg").write_text("")
    (root / "venv" / "theirs.py").write_text("")
    (root / ".hidden.py").write_text("")
    (root / "table.json").write_text("{}")
    (root / "away.py").symlink_to("/etc/hosts")
    made = record(workspace, sys.executable, "train.py", GIT_DIR=str(root / "nowhere"), PATH="/nowhere")
    assert made.patch is None
    assert [one.path for one in made.code] == ["lib/own.py", "pilothouse.toml", "train.py"]
    again = record(workspace, sys.executable, "train.py")
    assert again.code == made.code
    assert len(list(workspace.objects_dir.iterdir())) == 3, "each content is kept once"


def test_more_code_than_fits_is_counted(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_module, "MOST_FILES", 3)
    for n in range(5):
        (workspace.root / f"m{n}.py").write_text(f"x = {n}")
    (workspace.root / "large.sql").write_text("-" * (code_module.MOST_BYTES_EACH + 1))
    kept = keep_code(workspace, workspace.root, [workspace.root / "m4.py"])
    assert [one.path for one in kept.files] == ["m0.py", "m1.py", "m4.py"]
    assert (kept.left_out, kept.changed) == (4, ())


def test_odd_names_and_damaged_objects(workspace: Workspace) -> None:
    names = [name for name in HOSTILE if name and not {"/", "\0"} & set(name) and len(name) < 200]
    for n, name in enumerate(names):
        (workspace.root / f"{name}.py").write_text(f"x = {n}")
    made = record(workspace, "no-such-program")
    assert {f"{name}.py" for name in names if not name.startswith(".")} <= {one.path for one in made.code}
    assert read_origin(workspace.run_dir("r1")) == made
    (workspace.objects_dir / made.code[0].sha256).chmod(0o644)
    (workspace.objects_dir / made.code[0].sha256).write_text("changed")
    assert read_code(workspace, made.code[0]) is None
    (workspace.run_dir("r1") / "origin.json").write_text('{"code": 3')
    with pytest.raises(PilothouseError, match="cannot be read"):
        read_origin(workspace.run_dir("r1"))
    assert read_origin(workspace.root) is None


def test_usage_counts_what_a_process_starts_and_ends_with_it() -> None:
    busy = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    process = subprocess.Popen([sys.executable, "-c", busy], start_new_session=True)
    try:
        usage = Usage(process.pid)
        wait_until(lambda: (found := usage.sample()) and found[CPU] > 20)
        whole = usage.whole()
        assert whole is not None and whole[MEMORY] > 5 and whole[CPU] > 0
    finally:
        os.killpg(process.pid, 9)
        process.wait()
    assert usage.sample() is None
    with pytest.raises(ProcessLookupError):
        Usage(process.pid)
    peak = peak_memory()
    assert peak is not None and peak > 10**7


def test_a_long_run_is_sampled_more_rarely() -> None:
    assert interval(0) == 1 and interval(10) == 1
    moment, count = 0.0, 0
    while moment < 86_400:
        moment += interval(moment)
        count += 1
    assert count < 500


def test_the_packages_are_of_the_python_that_ran(workspace: Workspace) -> None:
    assert record(workspace, sys.executable, "train.py").packages["duckdb"]
    other = workspace.root / "venv"
    venv.create(other, with_pip=False, symlinks=True)
    script = workspace.root / "tool"
    script.write_text(f"#!{other}/bin/python\n")
    script.chmod(0o755)
    for argv in ([f"{other}/bin/python3", "train.py"], [str(script)]):
        made = record(workspace, *argv)
        assert (made.python, made.packages) == (platform.python_version(), {})
    unknown = record(workspace, "sh", "-c", "true")
    assert (unknown.python, unknown.packages) == ("", {})


def test_what_goes_on_with_a_run_comes_beside_what_began_it(workspace: Workspace) -> None:
    first = record(workspace, "python", "first.py")
    for name in ("second.py", "third.py"):
        record(workspace, "python", name, again=True)
    folder = workspace.run_dir("r1")
    assert read_origin(folder) == first
    assert [one.argv[-1] for one in read_later_origins(folder)] == ["second.py", "third.py"]
    (folder / "origin-later-0002.json").write_text("{")
    with pytest.raises(PilothouseError, match="cannot be read"):
        read_later_origins(folder)


def test_a_process_that_is_over_before_it_was_sampled_used_nobody_knows_what() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    usage = Usage(process.pid)
    process.communicate()
    assert usage.whole() is None


def test_a_python_that_is_named_by_its_path_is_seen_from_where_the_command_runs(workspace: Workspace) -> None:
    folder = workspace.root / "sub"
    folder.mkdir()
    (folder / "here").symlink_to(Path(sys.executable).parent, target_is_directory=True)
    (folder / "train.py").write_text("")
    run_dir = workspace.run_dir("r1")
    run_dir.mkdir(parents=True)
    argv = [f"./here/{Path(sys.executable).name}", str(folder / "train.py"), str(workspace.config_path)]
    made = record_origin(workspace, run_dir, argv=argv, cwd=folder, environment=dict(os.environ))
    assert made.python == platform.python_version()
    assert (made.folder, made.argv) == ("sub", (argv[0], "train.py", "../pilothouse.toml"))
