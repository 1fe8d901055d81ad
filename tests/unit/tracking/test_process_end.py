"""How a run ends that an exception ended."""

from __future__ import annotations

import pytest

from pilothouse.tracking.process_end import status_of


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (None, "FINISHED", 0),
        (KeyboardInterrupt(), "KILLED", 130),
        # DuckDB makes this of Ctrl-C during a query.
        (RuntimeError("Query interrupted"), "KILLED", 130),
        (RuntimeError("Query failed"), "FAILED", 1),
        (SystemExit(), "FINISHED", 0),
        (SystemExit(3), "FAILED", 3),
        (SystemExit("no"), "FAILED", 1),
    ],
)
def test_the_status_of_an_end(error: BaseException | None, status: str, code: int) -> None:
    assert status_of(error)[:2] == (status, code)
