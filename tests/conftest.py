"""What every test may use: a workspace on real files."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from hostile import CONFIG
from pilothouse.store import Store, forget_stores, open_store
from pilothouse.workspace import Workspace
from ready_made import new_workspace
from trained import fresh, template, trained

__all__ = ["fresh", "template", "trained"]

# Threads that wait for work would otherwise spin on the cores that other tests need.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# The numbers of a test are few, and threads that share them out wait for each other. Read when the libraries
# load, so for this process it holds; those that it starts decide for themselves.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
# Nor should each process that a test starts compile this project anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# What a shell starts in the background ignores Ctrl-C, and so would all that is started here and should not.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# A deadline says more about the machine than about the code.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    for name in _ONE_THREAD:
        os.environ.pop(name, None)
    # A million objects of imported packages, which the collector need not look through again and again.
    gc.collect()
    gc.freeze()
    # Seeing now how little is left, it looks often from here on.
    gc.collect()


def pytest_unconfigure() -> None:
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    # A process beside every run of every test would take the cores from the tests.
    monkeypatch.setenv("PILOTHOUSE_OBSERVE", "0")
    for name in ("PILOTHOUSE_WORKSPACE", "PILOTHOUSE_RUN_DIR", "PILOTHOUSE_RUN_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _stores_are_let_go() -> Iterator[None]:
    # Each is a DuckDB with nine threads and a megabyte, and thousands of them slow a process down.
    yield
    forget_stores()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "data").mkdir()
    return new_workspace(tmp_path, CONFIG)


@pytest.fixture
def store(workspace: Workspace) -> Store:
    return open_store(workspace)
