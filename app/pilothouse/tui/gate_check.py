"""Judging a version by its gates in a process of its own: ``python -m pilothouse.tui.gate_check FOLDER
VERSION MODEL``.

Scoring loads pandas and scikit-learn, which the process of the terminal UI never does. Prints the verdicts
as JSON.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(argv: list[str]) -> int:
    """Print the verdict of every gate; 1 and the reason on standard error if they cannot be had."""
    from pilothouse.errors import PilothouseError
    from pilothouse.registry.deployments import check_gates
    from pilothouse.store import dumps, open_store
    from pilothouse.workspace import Workspace

    folder, ref, model = argv
    workspace = Workspace(Path(folder))
    try:
        results = check_gates(workspace, open_store(workspace), ref, model=model)
    except PilothouseError as error:
        sys.stderr.write(str(error))
        return 1
    sys.stdout.write(dumps([one.as_dict() for one in results]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
