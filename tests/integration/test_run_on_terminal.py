"""`pilothouse run` on a terminal looks as the script alone does; into a file or pipe goes it alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pilothouse.workspace import Workspace
from steering import argv, environment, pilothouse

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")

BARS = """
import os, subprocess, sys
other = "import sys; sys.stdout.write('other\\\\r\\\\nwriter\\\\n'); sys.stdout.flush()"
for done in range(40):
    sys.stderr.write(f"\\r{done:3}%|{'#' * (done // 4):10}| loss={1 / (done + 1):.3f}")
    sys.stderr.flush()
    if done % 20 == 10:
        sys.stdout.write("a line that ends as on Windows\\r\\n")
        sys.stdout.flush()
        subprocess.run([sys.executable, "-S", "-c", other])
sys.stderr.write("\\nouter\\n\\rinner\\x1b[A\\router again\\n\\x1b[32mgreen\\x1b[0m\\n\\rlast  \\rbar")
"""


def on_terminal(words: Sequence[str], cwd: Path) -> str:
    """All that a terminal gets from a command."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        list(words), cwd=cwd, env=environment(), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = b""
    while True:
        try:
            piece = os.read(ours, 65_536)
        except OSError:  # Linux says so that nobody has the other end any more.
            piece = b""
        if not piece:
            break
        said += piece
    os.close(ours)
    assert process.wait(30) == 0
    return said.decode()


def test_a_bar_runs_in_its_line_and_what_follows_stands_below_it(workspace: Workspace) -> None:
    (workspace.root / "bars.py").write_text(BARS)
    alone = on_terminal([sys.executable, "bars.py"], workspace.root).replace("\x1b[A", "\x1b[1A")
    assert alone.count("\r") - alone.count("\r\n") >= 40 and alone.count("\n") < 15
    before, shown, after = on_terminal(
        argv("run", "--name", "bars", "--", sys.executable, "bars.py"), workspace.root
    ).partition(alone)
    assert shown == alone
    assert before.count("\n") == 1 and "started" in before
    assert after.startswith("\r\nRun bars (")
    assert on_terminal(argv("logs", "latest"), workspace.root) == alone + "\r\n"
    piped = pilothouse("logs", "latest", cwd=workspace.root)
    assert piped.out.count("\r") == alone.count("\r") - alone.count("\n")
    assert piped.out.endswith("last  \rbar")


def test_into_a_file_goes_the_output_alone(workspace: Workspace) -> None:
    code = "import sys; sys.stdout.write('loss: 3')"
    done = pilothouse("run", "--name", "short", "--", sys.executable, "-c", code, cwd=workspace.root)
    assert done.out == "loss: 3"
    assert done.err.splitlines()[-1].split() == ["loss", "3.0000"]
    both = subprocess.run(
        argv("run", "--name", "both", "-p", "seed=3", "--", sys.executable, "-c", code),
        cwd=workspace.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
    ).stdout.decode()
    started, output, ended, *_ = both.splitlines()
    assert "started with --seed 3 behind its command" in started
    assert output == "loss: 3" and ended.startswith("Run both (")
