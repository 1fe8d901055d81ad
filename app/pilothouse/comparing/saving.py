"""Writing a comparison into a file, from the command and from the screen alike; the trail says so."""

from __future__ import annotations

from pathlib import Path

from pilothouse.comparing.document import writer_for
from pilothouse.comparing.facts import Comparison
from pilothouse.comparing.findings import Findings
from pilothouse.processes import refuse_to_replace, require_folder_of, write_atomic
from pilothouse.store import Store, record_outside


def check_target(target: Path, *, force: bool = False) -> None:
    """Raise unless a document can be written there: before anything is judged for it.

    Args:
        target: the file.
        force: replace a file that exists.

    Raises:
        UsageError: the name ends in none of .md, .csv, .json.
        PilothouseError: `target` exists, is a folder, or lies in none.
    """
    writer_for(target)
    require_folder_of(target)
    refuse_to_replace(target, force=force)


def save_comparison(
    store: Store, target: Path, comparison: Comparison, findings: Findings, *, force: bool = False
) -> None:
    """Write the document that the name of `target` asks for, and leave an event. Raises as `check_target`."""
    check_target(target, force=force)
    write_atomic(target, writer_for(target)(comparison, findings))
    labels = [one.label for one in comparison.subjects]
    several = f" and {len(labels) - 4} more" if len(labels) > 4 else ""
    words = f"{labels[0]} against {', '.join(labels[1:4])}{several} was saved as {target.name}."
    runs = [one.run.run_id for one in comparison.subjects]
    # The name alone: where the workspace lies is never kept in it.
    record_outside(store, "compare", runs[0], words, {"file": target.name, "runs": runs})
