"""What DuckDB leaves on disk when it is killed is removed by whoever comes next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pilothouse.data.engine import remove_left_spill
from waiting import wait_until


def test_only_the_spill_of_processes_that_are_gone_is_removed(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    names = {
        "left": f"pilothouse-{gone.pid}-0123abcd",
        "mine": f"pilothouse-{os.getpid()}-0123abcd",
        "other": f"pilothouse-{gone.pid}-notes",
    }
    for name in names.values():
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "x.tmp").write_text("x")
    link = tmp_path / f"pilothouse-{gone.pid}-aaaa0000"
    link.symlink_to(tmp_path / names["other"], target_is_directory=True)
    remove_left_spill(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [names["mine"], names["other"], link.name]
    )
    assert (tmp_path / names["other"] / "deep" / "x.tmp").exists()
    remove_left_spill(tmp_path / "nowhere")


@pytest.mark.skipif(sys.platform != "linux", reason="kills as only POSIX knows them")
def test_a_query_that_was_killed_leaves_nothing_for_long(tmp_path: Path) -> None:
    code = (
        "from pilothouse.data.engine import connect; con = connect();"
        " con.execute(\"SET memory_limit = '60MB'\"); print('on', flush=True);"
        " con.execute('SELECT count(*) FROM (SELECT hash(i) AS h, i FROM range(400000000) t(i) ORDER BY h)')"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as killed:
        wait_until(lambda: killed.poll() is not None or list(tmp_path.glob("pilothouse-*/*")))
        killed.kill()
    assert list(tmp_path.glob("pilothouse-*/*"))
    done = subprocess.run(
        [sys.executable, "-c", "from pilothouse.data.engine import connect; connect()"],
        env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert not list(tmp_path.glob("pilothouse-*/*"))
