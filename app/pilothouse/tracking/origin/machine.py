"""Packages, threads and the machine."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from pilothouse.tracking.origin.origin import Host
from pilothouse.tracking.origin.thread_settings import THREAD_COUNTS

_RECORDED = (*THREAD_COUNTS, "OMP_WAIT_POLICY", "PYTHONHASHSEED")
"""The only environment variables that are ever recorded: any other may hold a secret."""
_PATIENCE = 20.0
_ASK = (
    "import importlib.metadata as m, json, platform;"
    "print(json.dumps([platform.python_version(),"
    " {d.metadata['Name']: d.version for d in m.distributions() if d.metadata['Name']}]))"
)


def packages(python: str) -> tuple[str, dict[str, str]]:
    """Return a Python's version and the packages installed for it with theirs, sorted by name.

    Args:
        python: the interpreter, which is asked if it is not this one; if it does not answer, or is an empty
            text, nothing is known.
    """
    if not python:
        return "", {}
    if not _is_this(python):
        return _asked(python)
    found = {one.metadata["Name"]: one.version for one in metadata.distributions() if one.metadata["Name"]}
    return platform.python_version(), _sorted(found)


def threads(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the settings for threads in an environment."""
    return {name: environment[name] for name in _RECORDED if name in environment}


def host() -> Host:
    """Describe this machine."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return Host(
        platform.node(),
        f"{platform.system()} {platform.release()}",
        platform.machine(),
        len(usable),
        _memory(),
    )


def _memory() -> int:
    import psutil

    return int(psutil.virtual_memory().total)


def _asked(python: str) -> tuple[str, dict[str, str]]:
    try:
        done = subprocess.run(
            [python, "-c", _ASK], capture_output=True, stdin=subprocess.DEVNULL, timeout=_PATIENCE, check=True
        )
        version, found = json.loads(done.stdout)
        return str(version), _sorted({str(key): str(value) for key, value in found.items()})
    except (OSError, subprocess.SubprocessError, ValueError, TypeError, AttributeError):
        return "", {}


def _is_this(python: str) -> bool:
    # All environments made from one Python share its program, and differ by the folder that it is linked in.
    return os.path.realpath(python) == os.path.realpath(sys.executable) and (
        Path(python).absolute().parent == Path(sys.executable).absolute().parent
    )


def _sorted(found: Mapping[str, str]) -> dict[str, str]:
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))
