"""Where the sample data is: beside the package in a checkout, inside it in an installed wheel."""

from __future__ import annotations

from pathlib import Path

from pilothouse.errors import NotFoundError

_PACKAGE = Path(__file__).resolve().parent.parent


def sample_files() -> list[Path]:
    """Return the flights of 2013, one file a month, January first.

    Raises:
        NotFoundError: this installation has no sample data.
    """
    for folder in (_PACKAGE / "_sample_data", _PACKAGE.parent.parent / "sample_data"):
        files = sorted(folder.glob("flights-2013-*.parquet"))
        if files:
            return files
    raise NotFoundError(
        "This installation has no sample data.", next="Install Pilothouse from its wheel, or from a clone."
    )
