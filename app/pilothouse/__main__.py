"""Entry point of the `pilothouse` command and of `python -m pilothouse`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from pilothouse.processes import collect_seldom

    collect_seldom()
    from pilothouse.cli.main import main as run

    sys.exit(run())


if __name__ == "__main__":
    main()
