"""One trial by itself: a script, its parameters, its failures."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from pathlib import Path

import psutil
import pytest

from hostile import HOSTILE
from pilothouse.errors import PilothouseError
from pilothouse.training.sweeps.script import write_inside
from pilothouse.training.sweeps.strategies import Planned
from pilothouse.training.sweeps.trial import Order, ScriptData, params_of, run_trial
from waiting import wait_until

SCRIPT = b"""
import json, os, pathlib, sys
pathlib.Path(os.environ["PILOTHOUSE_METRICS"]).write_text(json.dumps({"argc": len(sys.argv)}) + "\\n")
print(repr(sys.argv[1:]))
print("step: 1, loss: 0.5")
print("step: 2, loss: 0.25")
if "--fail" in sys.argv:
    raise ValueError("as asked")
"""


def script(code: bytes = SCRIPT) -> ScriptData:
    return ScriptData((sys.executable, "train.py"), {"train.py": code}, "", "", {"rows.csv": b"a\n1\n"}, 1, 0)


def test_a_script_runs_where_only_its_bytes_are() -> None:
    order = Order(Planned("0", 0, {"lr": 0.1}), {"lr": 0.1})
    result = pickle.loads(pickle.dumps(run_trial(*pickle.loads(pickle.dumps((order, script()))))))
    assert result.error == "" and result.exit_code == 0
    assert result.metrics == {"loss": 0.25, "argc": 3.0}
    assert (2, {"loss": 0.25}) in result.points and "['--lr', '0.1']" in result.log and result.host


def test_a_script_that_fails_says_why_and_keeps_what_it_said() -> None:
    result = run_trial(Order(Planned("0", 0, {}), {"fail": True}), script())
    assert result.error.endswith("ValueError: as asked") and result.exit_code == 1
    assert result.metrics["loss"] == 0.25
    gone = ScriptData(("no-such-program-here",), {}, "", "", {}, 1, 0)
    assert "could not be started" in run_trial(Order(Planned("0", 0, {}), {}), gone).error


def test_a_trial_tells_what_was_not_read_of_its_script() -> None:
    code = b"""
import os, pathlib
pathlib.Path(os.environ["PILOTHOUSE_METRICS"]).write_text('{"auc": 1}\\n# half\\n{"auc": 0.5}\\n')
print("at last the loss was 0.31, fine")
"""
    result = run_trial(Order(Planned("0", 0, {}), {}), script(code))
    assert result.metrics == {"auc": 0.5} and len(result.points) == 2
    assert result.unread == (
        "1 line looked like metrics and was not read, such as: at last the loss was 0.31, fine | "
        "1 line of the metrics file is no JSON object and was not read, such as: # half"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="process groups of POSIX")
@pytest.mark.parametrize("own_session", [False, True])
def test_what_a_script_leaves_behind_does_not_hold_its_trial(own_session: bool) -> None:
    code = f"""
import subprocess
print("pid", subprocess.Popen(["sleep", "600"], start_new_session={own_session}).pid, "loss: 1")
print("loss: 0.5")
"""
    data = ScriptData((sys.executable, "-c", code), {}, "", "", {}, 1, 0)
    result = run_trial(Order(Planned("0", 0, {}), {}), data)
    pid = int(result.log.split()[1])
    assert result.error == "" and result.metrics["loss"] == 0.5
    if own_session:
        os.kill(pid, signal.SIGKILL)  # It was there still: nobody waited for it.
    else:
        wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie")


@pytest.mark.parametrize("text", [text for text in HOSTILE if len(text) < 1000])
def test_a_hostile_value_is_one_word_to_a_script(text: str) -> None:
    result = run_trial(Order(Planned("0", 0, {"x": text}), {"x": text}), script())
    if "\0" in text:
        assert "could not be started" in result.error
    else:
        assert repr(text) in result.log or repr(f"--x={text}") in result.log


def test_a_name_may_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    for name in ("../out", "/etc/out", "a/../../out"):
        with pytest.raises(PilothouseError):
            write_inside(tmp_path / "in", name, b"")
    assert not list(tmp_path.rglob("out"))


def test_a_share_of_a_counted_resource() -> None:
    half = Planned("0@0", 0, {"lr": 1}, share=1 / 3)
    assert params_of(half, {"max_iter": 90}, "max_iter", 90) == {"max_iter": 30, "lr": 1}
    assert params_of(half, {}, "epochs", 2) == {"epochs": 1, "lr": 1}
    assert params_of(Planned("0@1", 0, {}), {}, "epochs", 81) == {"epochs": 81}
    assert params_of(half, {"a": 1}, "rows", 0) == {"a": 1, "lr": 1}
