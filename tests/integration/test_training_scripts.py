"""A user's own command as a run: whatever it does, the run tells the truth."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from pilothouse.cli.main import main
from pilothouse.data.keeping import object_path
from pilothouse.data.versions import snapshot
from pilothouse.errors import NotFoundError, PilothouseError, UsageError
from pilothouse.processes import is_alive
from pilothouse.store import Store
from pilothouse.tracking.runs import Run, get_run, metric_history
from pilothouse.tracking.writer import ALIVE_NAME, LOG_NAME, RunStart, open_run
from pilothouse.training import listening, supervisor
from pilothouse.training.diary import Diary
from pilothouse.training.inputs import lay_out
from pilothouse.training.launch import spawn_run, start_command, start_training, stop_run
from pilothouse.training.spec import DATA_NAME, PID_NAME, STOP_NAME, RunSpec, write_spec
from pilothouse.training.watching import read_log, wait_for_run, watch_run
from pilothouse.workspace import Workspace
from steering import pilothouse
from waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups of POSIX")


def start(workspace: Workspace, code: str, **options: object) -> str:
    script = workspace.root / "train.py"
    script.write_text(code, encoding="utf-8")
    return start_command(workspace, ["python", "train.py"], **options)  # type: ignore[arg-type]


def finish(workspace: Workspace, code: str, **options: object) -> Run:
    return wait_for_run(workspace, start(workspace, code, **options), timeout=30)


def log_of(workspace: Workspace, run_id: str) -> str:
    return read_log(workspace, run_id)[0]


def said(workspace: Workspace, run_id: str, word: str) -> str:
    return wait_until(lambda: word in log_of(workspace, run_id) and log_of(workspace, run_id), what=word)


def test_metrics_parameters_and_place_of_a_script(workspace: Workspace, store: Store) -> None:
    (workspace.root / "data" / "rows.csv").write_text("x,y\n1,0\n2,1\n")
    run = finish(
        workspace,
        """
import os, sys, json, pathlib
print("arguments", sys.argv[1:])
print("data", sorted(os.listdir(os.environ["PILOTHOUSE_DATA"])))
print(pathlib.Path(os.environ["PILOTHOUSE_DATA"], "rows.csv").read_text())
print("threads", os.environ["OMP_NUM_THREADS"], os.getcwd())
for step in range(3):
    print(f"step: {step}\\nloss: {1 / (step + 1)}")
with open(os.environ["PILOTHOUSE_METRICS"], "w") as file:
    json.dump({"val": {"auc": 0.75}}, file, indent=1)
import pilothouse as ph
with ph.start_run() as run:
    run.log_metric("own", 4.0)
""",
        params={"lr": 0.1, "fast": True},
        name="my [/run]",
        threads=1,
    )
    assert (run.status, run.exit_code, run.reason, run.name) == ("FINISHED", 0, "", "my [/run]")
    assert run.kind == "script" and run.dataset_version and run.params == {"lr": "0.1", "fast": "True"}
    assert run.metrics == pytest.approx({"loss": 1 / 3, "val.auc": 0.75, "own": 4.0})
    assert [point.step for point in metric_history(store, run.run_id)["loss"]] == [0, 1, 2]
    log = log_of(workspace, run.run_id)
    assert "arguments ['--lr', '0.1', '--fast']" in log and "data ['rows.csv']\nx,y\n1,0" in log
    assert f"threads 1 {workspace.root.resolve()}" in log


@pytest.mark.parametrize(
    ("code", "status", "exit_code", "reason"),
    [
        ("raise ValueError('[/x] bad')", "FAILED", 1, "ValueError: [/x] bad"),
        ("import sys; print('no more data'); sys.exit(3)", "FAILED", 3, "no more data"),
        ("import sys; sys.exit(0)", "FINISHED", 0, ""),
        ("raise SystemExit(5)", "FAILED", 5, "It ended with exit code 5 and printed nothing."),
        ("import os; os._exit(7)", "FAILED", 7, "exit code 7"),
        ("import os; os.kill(os.getpid(), 9)", "KILLED", 137, "killed by SIGKILL"),
        ("import os; os.kill(os.getpid(), 15)", "KILLED", 143, "killed by SIGTERM"),
        ("import os; os.kill(os.getpid(), 11)", "FAILED", 139, "crashed with SIGSEGV"),
        ("import os; os.abort()", "FAILED", 134, "crashed with SIGABRT"),
        ("this is no python", "FAILED", 1, "SyntaxError"),
    ],
)
def test_a_run_ends_as_its_process_did(
    workspace: Workspace, code: str, status: str, exit_code: int, reason: str
) -> None:
    run = finish(workspace, code)
    assert (run.status, run.exit_code) == (status, exit_code)
    assert reason in run.reason if reason else run.reason == ""
    assert "Traceback" not in run.reason


def test_a_program_that_is_not_there_is_told(workspace: Workspace) -> None:
    run = wait_for_run(workspace, start_command(workspace, ["no-such-program [/x]", "-v"]), timeout=30)
    assert (run.status, run.exit_code) == ("FAILED", 127)
    assert "no-such-program [/x]: No such file or directory" in run.reason


def test_garbage_is_kept_and_harms_nothing(workspace: Workspace) -> None:
    run = finish(
        workspace,
        """
import os, sys
out = sys.stdout.buffer
out.write(bytes(range(256)) * 40 + b"\\n")
out.write(b"\\x1b[2J\\x1b]0;title\\x07 loss: 5 \\xff\\n")
out.write(b"y" * 3_000_000 + b"\\n")
out.write(b"loss: nan\\nloss: 0.25\\nloss: 1e999\\nstep: oops\\n")
out.flush()
""",
    )
    assert run.status == "FINISHED"
    assert run.summaries["loss"].count == 3 and run.summaries["loss"].min == 0.25
    log = (workspace.run_dir(run.run_id) / LOG_NAME).read_bytes()
    assert log.startswith(bytes(range(256)) * 40) and b"y" * 3_000_000 in log


def test_a_run_that_listens_ends_in_its_own_time(workspace: Workspace) -> None:
    run_id = start(
        workspace,
        """
import signal, sys, time
def on_term(*_):
    print("saving"); sys.exit(0)
signal.signal(signal.SIGTERM, on_term)
print("ready", flush=True)
time.sleep(60)
""",
    )
    said(workspace, run_id, "ready")
    run = stop_run(workspace, run_id, who="ada [/x]")
    assert (run.status, run.exit_code, run.reason) == ("KILLED", 0, "Stopped by ada [/x].")
    assert "saving" in log_of(workspace, run_id)
    with pytest.raises(PilothouseError, match="has ended already"):
        stop_run(workspace, run_id)


def test_a_run_that_does_not_listen_is_killed_with_all_it_started(workspace: Workspace) -> None:
    run_id = start(
        workspace,
        """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN);"
                          "print('grandchild', flush=True); time.sleep(60)"])
print("child", child.pid, flush=True)
time.sleep(60)
""",
    )
    log = said(workspace, run_id, "grandchild")
    pid = int(log.split("child ")[1].split()[0])
    began = time.monotonic()
    run = stop_run(workspace, run_id, grace=0.5)
    assert time.monotonic() - began < 5
    assert (run.status, run.exit_code) == ("KILLED", 137)
    assert "did not end within 0.5 s and was killed" in run.reason
    wait_until(lambda: not _runs(pid))


def test_what_a_run_leaves_behind_is_ended_with_it(workspace: Workspace) -> None:
    run = finish(
        workspace,
        """
import subprocess, sys
print("child", subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid)
""",
    )
    assert run.status == "FINISHED"
    pid = int(log_of(workspace, run.run_id).split()[1])
    wait_until(lambda: not _runs(pid))


def test_a_daemon_that_keeps_the_output_open_is_not_waited_for(workspace: Workspace) -> None:
    run = finish(
        workspace,
        """
import subprocess, sys
code = "import time; time.sleep(20)"
print("child", subprocess.Popen([sys.executable, "-c", code], start_new_session=True).pid)
""",
    )
    assert run.status == "FINISHED" and run.seconds < 15
    os.kill(int(log_of(workspace, run.run_id).split()[1]), signal.SIGKILL)


def test_all_that_a_script_printed_is_read_however_long_that_takes(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = open_run(workspace, RunStart(kind="script"))
    code = "print('loss: 0.5\\n' * 30_000 + 'THE LAST LINE', flush=True); print('end: 1')"
    spec = RunSpec(None, command=("python", "-c", code))
    write_spec(writer.folder, spec)
    # As if the reading were slower than any patience.
    monkeypatch.setattr(listening, "DRAIN", 0.0)
    assert supervisor.Supervisor(writer.folder, spec, Diary(writer.folder)).run() == 0
    run = get_run(store, writer.run_id)
    assert (run.status, run.metrics, run.summaries["loss"].count) == (
        "FINISHED",
        {"loss": 0.5, "end": 1.0},
        30_000,
    )
    assert (writer.folder / LOG_NAME).read_bytes().endswith(b"THE LAST LINE\nend: 1\n")
    assert "log" not in run.tags


def test_a_stop_after_the_end_stops_nothing(workspace: Workspace) -> None:
    run_id = start(
        workspace,
        """
import os, subprocess, sys
code = "import time; time.sleep(20)"
print(f"pids {os.getpid()} {subprocess.Popen([sys.executable, '-c', code], start_new_session=True).pid} .")
""",
    )
    script, daemon = (int(pid) for pid in said(workspace, run_id, " .").split()[1:3])
    # Its output is held open, so the supervisor listens on for a moment.
    wait_until(lambda: not psutil.pid_exists(script))
    (workspace.run_dir(run_id) / STOP_NAME).write_text(json.dumps({"grace": 1, "who": "ada"}))
    assert wait_for_run(workspace, run_id, timeout=30).status == "FINISHED"
    os.kill(daemon, signal.SIGKILL)


def test_a_daemon_that_prints_for_ever_does_not_hold_its_run_and_is_told(workspace: Workspace) -> None:
    run = finish(
        workspace,
        """
import subprocess, sys
code = "while True: print('y' * 1000)"  # It ends when nobody reads any more.
subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
""",
    )
    assert run.status == "FINISHED" and "went on printing" in run.tags["log"]


def test_a_killed_supervisor_leaves_a_lost_run_and_no_child(workspace: Workspace) -> None:
    run_id = start(
        workspace, "import os, time; print('loss: 1'); print('pid', os.getpid(), flush=True); time.sleep(60)"
    )
    pid = int(said(workspace, run_id, "pid").split("pid")[1])
    os.kill(int((workspace.run_dir(run_id) / PID_NAME).read_text()), signal.SIGKILL)
    run = wait_for_run(workspace, run_id, timeout=15)
    assert run.status == "LOST" and "pid" in run.reason and run.metrics == {"loss": 1.0}
    wait_until(lambda: not _runs(pid))


def test_a_killed_supervisor_leaves_nothing_that_its_run_started(workspace: Workspace) -> None:
    code = "import os, time; print(f'pid {os.getpid()} .', flush=True); time.sleep(60)"
    command = ["sh", "-c", f'"{sys.executable}" -c "{code}" & wait']
    run_id = start_command(workspace, command)
    pid = int(said(workspace, run_id, " .").split()[1])
    os.kill(int((workspace.run_dir(run_id) / PID_NAME).read_text()), signal.SIGKILL)
    assert wait_for_run(workspace, run_id, timeout=15).status == "LOST"
    wait_until(lambda: not _runs(pid))


def test_a_supervisor_that_is_asked_to_end_stops_its_run(workspace: Workspace) -> None:
    run_id = start(workspace, "import time; print('ready', flush=True); time.sleep(60)")
    said(workspace, run_id, "ready")
    os.kill(int((workspace.run_dir(run_id) / PID_NAME).read_text()), signal.SIGTERM)
    run = wait_for_run(workspace, run_id, timeout=15)
    assert (run.status, run.exit_code, run.reason) == ("KILLED", 143, "Stopped by SIGTERM.")


def test_a_supervisor_that_hangs_is_ended_too(workspace: Workspace) -> None:
    run_id = start(workspace, "import time; print('ready', flush=True); time.sleep(60)")
    said(workspace, run_id, "ready")
    pid = int((workspace.run_dir(run_id) / PID_NAME).read_text())
    os.kill(pid, signal.SIGSTOP)
    run = stop_run(workspace, run_id, grace=0.2)
    assert run.status == "LOST"
    wait_until(lambda: not _runs(pid))


def test_a_stop_before_the_start_is_heeded(workspace: Workspace) -> None:
    writer = open_run(workspace, RunStart(kind="script"))
    write_spec(writer.folder, RunSpec(None, command=("python", "-c", "print(1)")))
    (writer.folder / STOP_NAME).write_text(json.dumps({"grace": 1, "who": "ada"}))
    subprocess.run(
        [sys.executable, "-m", "pilothouse.training.supervisor", str(writer.folder)], check=True, timeout=30
    )
    run = wait_for_run(workspace, writer.run_id, timeout=5)
    assert (run.status, run.reason) == ("KILLED", "Stopped by ada before it began.")
    with pytest.raises(PilothouseError):
        supervisor.supervise(workspace.root)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_log_that_cannot_be_written_is_told_and_the_run_goes_on(workspace: Workspace) -> None:
    writer = open_run(workspace, RunStart(kind="script"))
    (writer.folder / LOG_NAME).symlink_to("/dev/full")
    write_spec(
        writer.folder, RunSpec(None, command=("python", "-c", "print('loss: 0.5'); raise SystemExit('end')"))
    )
    subprocess.run(
        [sys.executable, "-m", "pilothouse.training.supervisor", str(writer.folder)], check=True, timeout=30
    )
    run = wait_for_run(workspace, writer.run_id, timeout=5)
    assert (run.status, run.metrics) == ("FAILED", {"loss": 0.5})
    assert "end" in run.reason and "No space left" in run.reason and "No space left" in run.tags["log"]


def test_a_run_survives_the_one_who_started_it(workspace: Workspace) -> None:
    code = "import time; print('ready', flush=True); time.sleep(1.5); print('loss: 2')"
    (workspace.root / "train.py").write_text(code)
    terminal = subprocess.Popen(
        [sys.executable, "-m", "pilothouse", "run", "--", "python", "train.py"],
        cwd=workspace.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert terminal.stdout is not None
    assert terminal.stdout.readline() == "ready\n"
    os.killpg(terminal.pid, signal.SIGKILL)
    terminal.communicate()
    run = wait_for_run(workspace, _only_run(workspace), timeout=30)
    assert (run.status, run.metrics) == ("FINISHED", {"loss": 2.0})


def test_ctrl_c_leaves_the_run_to_itself(workspace: Workspace) -> None:
    (workspace.root / "train.py").write_text("import time; print('ready', flush=True); time.sleep(60)")
    terminal = subprocess.Popen(
        [sys.executable, "-m", "pilothouse", "run", "--", "python", "train.py"],
        cwd=workspace.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert terminal.stdout is not None
    assert terminal.stdout.readline() == "ready\n"
    os.killpg(terminal.pid, signal.SIGINT)
    _, err = terminal.communicate(timeout=20)
    run_id = _only_run(workspace)
    assert terminal.returncode == 130 and "goes on" in err and "Traceback" not in err
    assert next(iter(watch_run(workspace, run_id))).status == "RUNNING"
    assert stop_run(workspace, run_id).status == "KILLED"


def test_a_run_whose_data_cannot_be_shown_ends_with_the_reason(workspace: Workspace, store: Store) -> None:
    (workspace.root / "data" / "rows.csv").write_text("x,y\n1,0\n2,1\n")
    dataset = snapshot(workspace, store, workspace.config().model())
    object_path(workspace, dataset.files[0].sha256).unlink()
    spec = RunSpec(None, command=("python", "-c", "print(1)"))
    reasons: tuple[tuple[Callable[[Path], None], str], ...] = (
        (lambda folder: lay_out(workspace, dataset, folder / DATA_NAME), "rows.csv"),
        (lambda folder: (folder / "none" / "x").mkdir(), "No such file or directory"),
    )
    for prepare, reason in reasons:
        writer = open_run(workspace, RunStart(kind="script"), hold=True)
        with pytest.raises(PilothouseError, match=reason):
            spawn_run(workspace, writer, spec, partial(prepare, writer.folder))
        run = get_run(store, writer.run_id)
        assert run.status == "FAILED" and reason in run.reason
        assert not is_alive(writer.folder / ALIVE_NAME)


def test_a_run_whose_data_takes_long_to_be_shown_is_not_lost(workspace: Workspace, store: Store) -> None:
    def copy_for_long() -> None:
        for path in (writer.folder, *writer.folder.iterdir()):
            os.utime(path, (0, 0))
        assert get_run(store, writer.run_id).status == "SCHEDULED"

    writer = open_run(workspace, RunStart(kind="script"), hold=True)
    spawn_run(workspace, writer, RunSpec(None, command=("python", "-c", "print(1)")), copy_for_long)
    assert get_run(store, writer.run_id).status in ("SCHEDULED", "RUNNING", "FINISHED")
    assert wait_for_run(workspace, writer.run_id, timeout=30).status == "FINISHED"


def test_what_stands_behind_a_command_is_the_commands(workspace: Workspace, store: Store) -> None:
    (workspace.root / "args.py").write_text("import sys; print(sys.argv[1:])")
    own = (
        "--name resnet --lr 0.1 -p x=5 --threads 2 --workspace w --json --detach --debug --help -- -q".split()
    )
    done = pilothouse("run", "--name", "mine", "python", "args.py", *own, cwd=workspace.root)
    assert (done.code, done.out) == (0, f"{own}\n")
    run = get_run(store, "mine")
    assert run.params == {
        "name": "resnet",
        "lr": "0.1",
        "p": "x=5",
        "threads": "2",
        "workspace": "w",
    } | dict.fromkeys(("json", "detach", "debug", "help"), "true")
    mistaken = pilothouse("run", "--nmae", "mine", "python", "args.py", cwd=workspace.root)
    assert mistaken.code == 2 and "--name" in mistaken.err
    told = pilothouse("run", "--debug", "--model", "none", "python", "args.py", cwd=workspace.root)
    assert told.code == 1 and "Traceback" in told.err


def test_the_configured_command_gets_the_parameters(workspace: Workspace) -> None:
    config = workspace.config_path.read_text()
    workspace.config_path.write_text(
        config + "\n[training]\ncommand = \"python 'train it.py' first\"\nparams = { lr = 0.5 }\n"
    )
    (workspace.root / "train it.py").write_text("import sys; print(sys.argv[1:])")
    (workspace.root / "data" / "a.csv").write_text("x,y\n1,0\n")
    run = wait_for_run(workspace, start_training(workspace, params={"depth": 3}), timeout=30)
    assert run.status == "FINISHED" and run.dataset_version
    assert log_of(workspace, run.run_id).strip() == "['first', '--lr', '0.5', '--depth', '3']"


def test_a_command_of_nothing_and_names_that_are_none(workspace: Workspace, store: Store) -> None:
    for argv in ([], [""], ["a\0b"]):
        with pytest.raises(UsageError):
            start_command(workspace, argv)
    for name in ("", "-x", "a b", "a=b"):
        with pytest.raises(UsageError):
            start_command(workspace, ["true"], params={name: 1})
    with pytest.raises(NotFoundError):
        get_run(store, "latest")
    with pytest.raises(NotFoundError):
        stop_run(workspace, "nosuch")


def test_a_module_in_the_workspace_is_not_taken_for_ours(workspace: Workspace) -> None:
    for name in ("json.py", "queue.py", "pilothouse.py", "signal.py"):
        (workspace.root / name).write_text("raise RuntimeError('the wrong one')")
    run = wait_for_run(
        workspace, start_command(workspace, [sys.executable, "-P", "-c", "print('ok: 1')"]), 30
    )
    assert (run.status, run.metrics) == ("FINISHED", {"ok": 1.0})


def _only_run(workspace: Workspace) -> str:
    (folder,) = workspace.runs_dir.iterdir()
    return folder.name


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_linked_file_that_changes_while_a_script_runs_is_told(workspace: Workspace) -> None:
    text = workspace.config_path.read_text()
    workspace.config_path.write_text(text.replace("[data]", '[data]\nkeep = "link"'))
    rows = workspace.root / "data" / "rows.csv"
    rows.write_text("x,y\n1,0\n2,1\n")
    run = finish(workspace, f"open({str(rows)!r}, 'a').write('3,1\\n'); print('loss: 0.5')")
    assert (run.status, run.metrics["loss"]) == ("FINISHED", 0.5)
    assert run.tags["data_changed"].startswith("rows.csv changed while it ran")
    assert "rows.csv changed while it ran" in log_of(workspace, run.run_id)
    quiet = finish(workspace, "print('loss: 0.5')")
    assert "data_changed" not in quiet.tags


def test_forms_of_metrics_and_what_was_not_read(workspace: Workspace, store: Store) -> None:
    run = finish(
        workspace,
        """
print("Epoch 1/2 | train loss 0.5")
print({"loss": 0.25, "epoch": 2.0})
print("INFO:root:accuracy = 91%")
print("Warning: 3")
print("so the auc was 0.75 in the end")
import os
with open(os.environ["PILOTHOUSE_METRICS"], "w") as file:
    file.write('{"step": 1, "f1": 0.5}\\n{"step": 2, "f1": 0.2\\n{"step": 3, "f1": 0.75}\\n')
""",
    )
    assert run.metrics == {"train_loss": 0.5, "loss": 0.25, "accuracy": 0.91, "f1": 0.75}
    history = metric_history(store, run.run_id)
    assert [point.step for point in history["loss"]] == [2]
    assert [point.step for point in history["f1"]] == [1, 3]
    assert run.tags["metrics"] == (
        "1 line looked like metrics and was not read, such as: so the auc was 0.75 in the end | 1 line of the"
        ' metrics file is no JSON object and was not read, such as: {"step": 2, "f1": 0.2'
    )


def test_a_version_that_a_script_only_names_was_not_made(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace.root / "own.py").write_text(
        "import pilothouse as ph\nph.set_tags({'version': '2.1-rc', 'leak': 'a (1.0)'})\n"
    )
    monkeypatch.chdir(workspace.root)
    assert main(["run", "--model", "late", "python", "own.py"]) == 0
    told = capsys.readouterr().err
    assert " finished after " in told and "made" not in told and "2.1-rc" not in told
