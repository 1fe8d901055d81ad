"""A fresh demo workspace: eight months of flights in the data folder, four more waiting to be delivered."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from pilothouse.demo.sample import sample_files
from pilothouse.errors import PilothouseError
from pilothouse.processes import is_alive, write_atomic
from pilothouse.workspace import CONFIG_NAME, Workspace, init_workspace

INCOMING = "incoming"
"""Folder of a demo workspace with the files that have not arrived yet."""
_MARKER = "demo"
_FIRST_MONTHS = 8

_CONFIG = """\
# The demo: will a flight from New York arrive more than 15 minutes late?
[model]
name = "late-arrivals"
task = "classification"
target = "late"

[data]
folder = "data"                    # watched
time = "sched_dep"                 # orders rows: the holdout is the most recent part
id = "flight_id"
exclude = ["tailnum"]              # 3,769 aeroplanes: a name, not a feature

[training]
recipe = "hist_gradient_boosting"
holdout = 0.2
seed = 7

[gates]
roc_auc = {{ min = 0.6, max_drop = 0.005 }}     # max_drop: against the champion, on the same rows
p99_ms = {{ max = 1000 }}                       # of one row, on a laptop that is busy with this demo

[drift]
share = 0.3                        # the dataset has drifted if this share of its columns has

[serving]
port = {port}

[autonomy]
level = 0                          # 0 manual, 1 retrain on drift, 2 promote by itself
"""


def make_demo(root: Path) -> Workspace:
    """Make `root` a fresh demo workspace; an earlier demo there is cleared away.

    Raises:
        PilothouseError: `root` has something in it that is no demo, or a training of the old demo still runs.
    """
    root = root.absolute()
    if root.exists() and any(root.iterdir()):
        _clear(Workspace(root))
    months = sample_files()
    root.mkdir(parents=True, exist_ok=True)
    workspace = init_workspace(root, _CONFIG.format(port=_free_port()))
    write_atomic(workspace.state_dir / _MARKER, "")
    for folder, files in (("data", months[:_FIRST_MONTHS]), (INCOMING, months[_FIRST_MONTHS:])):
        (root / folder).mkdir()
        for file in files:
            shutil.copyfile(file, root / folder / file.name)
    return workspace


def waiting_files(workspace: Workspace) -> list[Path]:
    """Return the files that have not been delivered yet, the next one first; none outside a demo."""
    return sorted((workspace.root / INCOMING).glob("*.parquet"))


def deliver(workspace: Workspace) -> Path:
    """Let the next month's file land in the data folder, whole, and return where it is.

    Raises:
        PilothouseError: there is none left, or this is no demo workspace.
    """
    waiting = waiting_files(workspace)
    if not waiting:
        raise PilothouseError("No month is left to deliver.", next="`pilothouse demo` makes a fresh demo.")
    target = workspace.data_folder(workspace.config().model()) / waiting[0].name
    waiting[0].replace(target)
    return target


def _clear(old: Workspace) -> None:
    if not (old.state_dir / _MARKER).exists():
        raise PilothouseError(
            f"{old.root} has something in it that is not a demo.",
            untouched="Nothing there was changed.",
            next="Choose another folder with --dir.",
        )
    from pilothouse.demo.processes import stop_everything

    stop_everything(old)
    if any(is_alive(path) for path in old.state_dir.glob("runs/*/alive")):
        raise PilothouseError(
            f"A training of the demo in {old.root} still runs.", next="Wait for it, or stop it."
        )
    for name in ("data", INCOMING, ".pilothouse"):
        shutil.rmtree(old.root / name, ignore_errors=True)
    (old.root / CONFIG_NAME).unlink(missing_ok=True)


def _free_port() -> int:
    """Return 8080, or another port if somebody has that one."""
    for port in (8080, 0):
        with socket.socket() as probe:
            # As the server binds: a port in TIME_WAIT from the last demo is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise PilothouseError("No port is free on this machine.")
