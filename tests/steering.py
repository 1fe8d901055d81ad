"""Steering a real workspace by the real command, as a person with a small model would."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilothouse.processes import fair_lock
from pilothouse.workspace import Workspace
from ready_made import new_workspace
from waiting import wait_until

COLUMNS = ("id", "when", "a", "b", "c", "y")
CONFIG = """\
[model]
name = "late"
target = "y"

[data]
folder = "data"
time = "when"
id = "id"

[training]
recipe = "logistic"
params = { max_iter = 50 }

[serving]
port = 0

[autonomy]
level = 0
"""
GOOD_ROW = {"a": 0.5, "b": 3, "c": "AA"}


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def environment() -> dict[str, str]:
    """The environment without what would lead a command astray."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PILOTHOUSE_")} | {
        "COLUMNS": "200",
    }


def argv(*args: object) -> list[str]:
    return [sys.executable, "-m", "pilothouse", *map(str, args)]


def pilothouse(
    *args: object, cwd: Path, given: str = "", timeout: float = 60, before: Callable[[], None] | None = None
) -> Done:
    """Run a command to its end, without a terminal; `before` runs in the child before the command."""
    done = subprocess.run(
        argv(*args),
        cwd=cwd,
        input=given.encode(),
        capture_output=True,
        env=environment(),
        timeout=timeout,
        preexec_fn=before,
        check=False,
    )
    return Done(
        done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    )


EACH = """
import contextlib, io, json, sys, traceback
from pilothouse.cli.main import main

told = []
for words, given in json.load(sys.stdin):
    sys.stdin = io.TextIOWrapper(io.BytesIO(given.encode()), sys.stdin.encoding, sys.stdin.errors)
    out, err = (
        io.TextIOWrapper(io.BytesIO(), real.encoding, real.errors, write_through=True)
        for real in (sys.stdout, sys.stderr)
    )
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(words)
        except SystemExit as ended:
            code = ended.code
        except BaseException:
            code = 1
            traceback.print_exc()
    told.append([code, *(stream.buffer.getvalue().decode("utf-8", "replace") for stream in (out, err))])
print(json.dumps(told))
"""


def pilothouse_each(
    *commands: Sequence[object],
    cwd: Path,
    given: Sequence[str] = (),
    timeout: float = 120,
    before: Callable[[], None] | None = None,
) -> list[Done]:
    """Run commands one after another in one fresh Python, which is loaded once; each as `pilothouse` does.

    Args:
        given: what each finds on standard input, or nothing for all of them.
        before: runs in the child before it.
    """
    words = [[*map(str, one)] for one in commands]
    done = subprocess.run(
        [sys.executable, "-c", EACH],
        cwd=cwd,
        input=json.dumps([*zip(words, given or [""] * len(words), strict=True)]).encode(),
        capture_output=True,
        env=environment(),
        timeout=timeout,
        preexec_fn=before,
        check=False,
    )
    assert done.returncode == 0, done
    return [Done(*told) for told in json.loads(done.stdout)]


def start(*args: object, cwd: Path, **how: Any) -> subprocess.Popen[bytes]:
    """Start a command and do not wait; its output is thrown away unless `how` says otherwise."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(
        argv(*args), cwd=cwd, env=environment(), stdin=subprocess.DEVNULL, **{**quiet, **how}
    )


def rows(count: int = 300, seed: int = 0, shift: float = 0.0) -> list[dict[str, Any]]:
    """Rows from which `y` can be learned; `shift` moves `a` and all that follows from it."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        a, b = chance.gauss(shift, 1), min(23, chance.randrange(24) + round(4 * shift))
        made.append(
            {
                "id": f"r{seed}-{number}",
                "when": f"2024-01-{1 + number * 27 // count:02d} {max(0, b):02d}:00:00",
                "a": round(a, 4),
                "b": b,
                "c": chance.choice(["AA", "UA"] if shift else ["AA", "UA", "DL"]),
                "y": int(a + b / 12 - 1 + chance.gauss(0, 0.5) > 0),
            }
        )
    return made


def csv_text(table: list[dict[str, Any]]) -> str:
    names = list(table[0]) if table else list(COLUMNS)
    lines = [",".join(names), *(",".join(str(row[name]) for name in names) for row in table)]
    return "\n".join(lines) + "\n"


def land(folder: Path, name: str, table: list[dict[str, Any]]) -> Path:
    """Let a file land whole, as a careful sender does."""
    part = folder / f".{name}.part"
    part.write_text(csv_text(table))
    return part.rename(folder / name)


def make_workspace(root: Path, config: str = CONFIG) -> Workspace:
    """A workspace with one file of 300 rows and nothing done yet."""
    root.mkdir(parents=True, exist_ok=True)
    workspace = new_workspace(root, config)
    (root / "data").mkdir()
    land(root / "data", "first.csv", rows())
    return workspace


def trained_template(base: Path) -> Path:
    """A workspace in which v1 is live and v2 waits, made once a test session. Copy it, do not change it."""
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    root = shared / "trained"
    with fair_lock(shared / "trained.lock"):
        if not (root / "ready").exists():
            shutil.rmtree(root, ignore_errors=True)
            make_workspace(root)
            for done in pilothouse_each(
                ["train", "--name", "one"],
                ["train", "--name", "two", "-p", "C=0.5", "--recipe", "logistic"],
                ["promote", "1", "--yes"],
                cwd=root,
            ):
                assert done.code == 0, done
            (root / "ready").touch()
    return root


def copy_of(template: Path, root: Path) -> Workspace:
    shutil.copytree(template, root, symlinks=True)
    return Workspace(root)


@contextlib.contextmanager
def serving(workspace: Workspace, *options: object) -> Iterator[dict[str, Any]]:
    """A server in the background for as long as the block lasts; gives its status."""
    started = pilothouse("serve", "--detach", "--json", *options, cwd=workspace.root)
    assert started.code == 0, started
    try:
        yield started.json()
    finally:
        pilothouse("serve", "--stop", cwd=workspace.root)


def post(
    port: int, body: bytes | str, content_type: str = "application/json", **headers: str
) -> tuple[int, Any]:
    """POST to /invocations; the status and what the answer's JSON says."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(
            "POST",
            "/invocations",
            body.encode() if isinstance(body, str) else body,
            {"content-type": content_type, **headers},
        )
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def is_sound(workspace: Workspace) -> None:
    """The store opens, the trail fits together, and doctor finds nothing (but perhaps a small disk)."""
    seen = pilothouse("doctor", "--json", cwd=workspace.root)
    unsound = [item for item in seen.json() if not item["sound"] and item["what"] != "disk"]
    assert not unsound, unsound


def told_well(done: Done, *words: str, code: int = 1) -> None:
    """An error as this project promises it: an exit code, words, no traceback, nothing on standard output."""
    assert done.code == code, done
    assert "Traceback" not in done.err, done.err
    assert "not foreseen" not in done.err, done.err
    assert done.out == "", done.out
    assert done.err.strip(), done
    for word in words:
        assert word.lower() in done.err.lower(), (word, done.err)


def gone(pid: int) -> bool:
    """Whether a process has ended (a zombie has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return not Path("/proc").exists() or not Path(f"/proc/{pid}").exists()


def wait_gone(pid: int) -> None:
    wait_until(lambda: gone(pid), 20, f"the end of process {pid}")
