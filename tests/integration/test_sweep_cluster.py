"""A sweep on a real Dask cluster: a scheduler and two worker processes, started here."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from pilothouse.cli.main import main
from pilothouse.store import Store, open_store
from pilothouse.training.launch import stop_run
from pilothouse.training.spec import read_spec
from pilothouse.training.sweeps.cluster import DATA_KEY
from pilothouse.training.sweeps.data import recipe_data
from pilothouse.training.sweeps.launch import SweepOrder, resume_sweep, start_sweep
from pilothouse.training.sweeps.plan import SweepPlan, read_plan
from pilothouse.training.sweeps.results import best_trial, read_sweep
from pilothouse.training.sweeps.strategies import Planned
from pilothouse.training.sweeps.trial import Order, run_trial
from pilothouse.training.watching import wait_for_run
from pilothouse.workspace import Workspace
from waiting import wait_until

pytest.importorskip("distributed", reason="the extra [cluster] is not installed")
from distributed import Client

SCRIPT = """
import argparse, os, pathlib, time
import part
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=int)
x = parser.parse_args().x
rows = (pathlib.Path(os.environ["PILOTHOUSE_DATA"]) / "rows.csv").read_text().split()
hold = pathlib.Path(rows[1])
while x >= 4 and not any((hold / name).exists() for name in ("go", f"go-{x}")):
    (hold / f"here-{x}-{os.getppid()}").touch()
    time.sleep(0.02)
print("loss:", part.loss(x))
"""


@dataclass
class Cluster:
    address: str
    workers: list[subprocess.Popen[bytes]]


def _start(folder: Path, name: str, *words: str) -> subprocess.Popen[bytes]:
    log = (folder / f"{name}.log").open("wb")
    env = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__WORKER_SATURATION": "1.0"}
    argv = [sys.executable, "-m", "distributed.cli." + words[0], *words[1:]]
    return subprocess.Popen(argv, cwd=folder, stdout=log, stderr=subprocess.STDOUT, env=env)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    local = ("--host", "127.0.0.1", "--no-dashboard")
    scheduler = _start(folder, "scheduler", "dask_scheduler", *local, "--port", "0")
    processes = [scheduler]
    try:
        found = wait_until(
            lambda: re.search(r"Scheduler at:\s+(tcp://\S+)", (folder / "scheduler.log").read_text()), 60
        )
        workers = [
            _start(folder, f"w{n}", "dask_worker", found[1], *local, "--nthreads", "1", "--no-nanny")
            for n in range(2)
        ]
        processes += workers
        yield Cluster(found[1], workers)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _scripts(cluster: Cluster) -> list[psutil.Process]:
    """The scripts that the workers run just now."""
    return [child for worker in cluster.workers for child in psutil.Process(worker.pid).children()]


def _only_holder(cluster: Cluster) -> subprocess.Popen[bytes]:
    """The worker that alone holds the data of the trials, once the scheduler has dropped other copies."""
    with Client(cluster.address, set_as_default=False) as client:  # type: ignore[no-untyped-call]

        def only_one() -> str | None:
            client.amm.run_once()
            (held,) = (held for key, held in client.who_has().items() if key.startswith(DATA_KEY))
            return held[0] if len(held) == 1 else None

        pid = client.run(os.getpid)[wait_until(only_one, 30, "one copy of the data")]
    return next(worker for worker in cluster.workers if worker.pid == pid)


def script_sweep(workspace: Workspace, cluster: Cluster, hold: Path) -> str:
    (workspace.root / "train.py").write_text(SCRIPT)
    (workspace.root / "part.py").write_text("def loss(x):\n    return abs(x - 5)\n")
    (workspace.root / "data" / "rows.csv").write_text(f"y\n{hold}\n")
    plan = SweepPlan(("x=1,2,3,4,5,6",), "grid", metric="loss", cluster=cluster.address)
    return start_sweep(workspace, SweepOrder(plan, command=("python", "train.py")))


def test_a_recipe_is_swept_on_a_cluster(
    fresh: Workspace, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sweep", "logistic", "-p", "C=0.01,0.1,1,10", "--strategy", "grid", "--json"]
    code = main([*words, "--cluster", cluster.address, "--workspace", str(fresh.root)])
    told = json.loads(capsys.readouterr().out)
    assert code == 0, told["reason"]
    assert told["counts"] == {"FINISHED": 4} and told["params"]["workers"] == "2"
    hosts = {trial["worker"].rsplit(":", 1)[1] for trial in told["trials"]}
    assert hosts <= {str(worker.pid) for worker in cluster.workers}, "in the cluster's processes"
    assert "cluster_versions" not in told["tags"]
    # Where a trial runs decides nothing: the same one in this process has the same score.
    folder = fresh.run_dir(told["run_id"])
    data, _ = recipe_data(fresh, read_spec(folder), read_plan(folder))
    best = told["best"]
    params = best_trial(read_sweep(open_store(fresh), told["run_id"]))["params"]
    here = run_trial(Order(Planned(best["trial"], 0, {}), params), data)
    assert here.metrics[told["metric"]] == pytest.approx(best["score"], abs=1e-12)


def test_a_script_is_sent_stopped_and_survives_a_workers_death(
    workspace: Workspace, store: Store, cluster: Cluster, tmp_path: Path
) -> None:
    hold = tmp_path / "hold"
    hold.mkdir()
    sweep_id = script_sweep(workspace, cluster, hold)
    wait_until(lambda: len(list(hold.iterdir())) >= 2, 60, "two trials under way")
    assert stop_run(workspace, sweep_id).status == "KILLED"
    stopped = read_sweep(store, sweep_id)
    statuses = sorted(trial.run.status for trial in stopped.trials)
    assert statuses == ["FINISHED"] * 3 + ["KILLED"] * 2

    # A task that runs cannot be taken back from a worker of Dask: it is let run out.
    (hold / "go").touch()
    wait_until(lambda: not _scripts(cluster), 30)
    for old in hold.iterdir():
        old.unlink()
    again = resume_sweep(workspace, sweep_id)
    for x in (4, 5):
        (hold / f"go-{x}").touch()
    wait_until(lambda: list(hold.glob("here-6-*")), 60, "the last trial")
    # Dask keeps no more copies of the data than trials wait for it: with this worker the last one dies.
    victim = _only_holder(cluster)
    victim.send_signal(signal.SIGKILL)
    (hold / "go").touch()
    ended = wait_for_run(workspace, again, 60)
    assert ended.status == "FINISHED", ended.reason
    sweep = read_sweep(open_store(workspace), again)
    finished = sorted(trial.run.params["x"] for trial in sweep.trials if trial.run.status == "FINISHED")
    assert finished == ["1", "2", "3", "4", "5", "6"], "each counts once"
    assert sweep.best is not None and sweep.best.run.params["x"] == "5"
