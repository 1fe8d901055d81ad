"""What a run belongs to: the run that it is a part of, its own parts, the runs that it goes on with and that
go on with it, and the model versions made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pilothouse.store import Store, Transaction
from pilothouse.tracking.runs import Run, read_runs

RESUMES_TAG = "resumes"
"""On a sweep: the id of the sweep that it goes on with."""


@dataclass(frozen=True, slots=True)
class MadeVersion:
    """A model version, and the names that stand on it now."""

    model: str
    version: int
    aliases: tuple[str, ...]

    @property
    def label(self) -> str:
        """Such as `late-arrivals v7 (champion)`."""
        called = f" ({', '.join(self.aliases)})" if self.aliases else ""
        return f"{self.model} v{self.version}{called}"


@dataclass(frozen=True, slots=True)
class Relatives:
    """`children` in the order in which they began, the first of them; `more_children` are not here. What
    lies in the trash is no relative, but for the parent and the run that this one resumes: these explain it.
    """

    parent: Run | None
    children: tuple[Run, ...]
    more_children: int
    versions: tuple[MadeVersion, ...]
    resumes: Run | None = None
    resumed_by: Run | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fields that `show --json` has beside those of the run."""
        return {
            "parent": _briefly(self.parent) if self.parent is not None else None,
            "children": [_briefly(child) for child in self.children],
            "more_children": self.more_children,
            "resumes": _briefly(self.resumes) if self.resumes is not None else None,
            "resumed_by": _briefly(self.resumed_by) if self.resumed_by is not None else None,
            "model_versions": [
                {"model": it.model, "version": it.version, "aliases": list(it.aliases)}
                for it in self.versions
            ],
        }


def read_relatives(store: Store, run: Run, *, most: int | None = 200) -> Relatives:
    """Return the relatives of a run, at most so many of its parts (None: all of them)."""
    with store.reading() as tx:
        versions = tx.rows(
            "SELECT model, version, list(alias ORDER BY alias) FILTER (alias IS NOT NULL) AS aliases"
            " FROM model_versions LEFT JOIN aliases USING (model, version) WHERE run_id = ?"
            " GROUP BY model, version ORDER BY model, version",
            [run.run_id],
        )
        parents = read_runs(tx, "runs.run_id = ?", [run.parent_run_id]) if run.parent_run_id else []
        ids = tx.rows(
            "SELECT run_id FROM runs WHERE parent_run_id = ? AND deleted_at IS NULL"
            " ORDER BY started_at, run_id",
            [run.run_id],
        )
        few = [row["run_id"] for row in ids[:most]]
        found = read_runs(tx, "list_contains(?, runs.run_id)", [few]) if few else []
        resumes, resumed_by = read_resumptions(tx, run)
    children = {child.run_id: child for child in found}
    return Relatives(
        parents[0] if parents else None,
        tuple(children[run_id] for run_id in few),
        len(ids) - len(few),
        tuple(
            MadeVersion(row["model"], int(row["version"]), tuple(row["aliases"] or ())) for row in versions
        ),
        resumes,
        resumed_by,
    )


def read_resumptions(tx: Transaction, run: Run) -> tuple[Run | None, Run | None]:
    """Return the run that this one goes on with, and the newest of its kind that goes on with this one.

    A script may have the tag for itself: what it says of a sweep makes no sweep of it.
    """
    earlier = run.tags.get(RESUMES_TAG, "")
    before = read_runs(tx, "runs.run_id = ?", [earlier]) if earlier else []
    after = read_runs(
        tx,
        "runs.run_id IN (SELECT run_id FROM tags WHERE key = ? AND value = ?) AND kind = ?"
        " AND deleted_at IS NULL ORDER BY started_at DESC, run_id LIMIT 1",
        [RESUMES_TAG, run.run_id, run.kind],
    )
    return before[0] if before else None, after[0] if after else None


def _briefly(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "name": run.name,
        "status": run.status,
        "params": run.params,
        "metrics": run.metrics,
    }
