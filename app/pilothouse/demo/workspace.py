"""A fresh demo workspace: eight months of flights in the data folder, four more waiting to be delivered."""

from __future__ import annotations

import itertools
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

from pilothouse.demo.sample import sample_files
from pilothouse.errors import PilothouseError
from pilothouse.processes import is_alive, write_atomic
from pilothouse.workspace import Workspace, init_workspace

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


def make_demo(root: Path, tell: Callable[[str], None] = lambda text: None) -> Workspace:
    """Make `root` a fresh demo workspace; an earlier demo there, with all its runs, is kept beside it.

    Args:
        root: where.
        tell: is told where the earlier one is now.

    Raises:
        PilothouseError: `root` has something in it that is no demo, or a training of the old demo still runs.
    """
    root = root.absolute()
    if root.exists() and any(root.iterdir()):
        kept = _set_aside(Workspace(root))
        tell(f"The demo that was here, with its runs, is kept in {kept}; delete it when you need it no more.")
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
        raise PilothouseError(
            "No month is left to deliver.", next="`pilothouse demo --fresh` makes another demo."
        )
    target = workspace.data_folder(workspace.config().model()) / waiting[0].name
    waiting[0].replace(target)
    return target


def earlier_demo(root: Path) -> Workspace | None:
    """Return the demo workspace in `root`; None if there is none."""
    found = Workspace(root.absolute())
    return found if is_demo(found) and found.config_path.exists() else None


def is_demo(workspace: Workspace) -> bool:
    """Say whether a workspace was made by `make_demo`."""
    return (workspace.state_dir / _MARKER).exists()


def _set_aside(old: Workspace) -> Path:
    if not is_demo(old):
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
    names = (old.root.with_name(f"{old.root.name}-{number}") for number in itertools.count(1))
    kept = next(path for path in names if not path.exists())
    try:
        old.root.rename(kept)
    except OSError as error:
        raise PilothouseError(
            f"The demo in {old.root} cannot be set aside: {error.strerror}.",
            untouched="It is as it was.",
            next="Choose another folder with --dir.",
        ) from error
    return kept


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
