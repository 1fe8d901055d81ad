"""What a comparison found: columns, all of them together, and the verdict, as it is stored and shown.

Both histograms of every column are in it, so that it can be drawn and judged again without the data.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pilothouse.jsontext import numbers_again
from pilothouse.monitoring.columns import Unreadable
from pilothouse.monitoring.rule import LEVEL, RULE
from pilothouse.store import dumps, loads

_JOINT = ("score", "threshold", "low", "high", "p_value")


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """How one column moved.

    Attributes:
        column, kind, test: the name; numeric, category, boolean or text; the test's name, `psi` by default.
        score: the test's statistic; 0 if the distributions are the same.
        p_value: the chance of such a score, or a larger one, if nothing had moved; None for a distance.
        threshold: what the score must reach; by default the larger of effect floor and noise floor.
        drifted: whether the rule says that it moved.
        noise_floor: the score below which noise explains it at the level of the question; 0 for a named test.
        missing_reference, missing_current: share of missing values.
        bins, reference_counts, current_counts: labels and rows; the last bin is that of missing values. The
            reference's count of new values is how many of those seen it lets expect.
        moved: what happened, in words; empty if nothing worth saying did.
        p_needed: what the p-value must not exceed, given the other columns and the question's level.
        convention: whose test this is, where it was asked for by name; empty for the default rule.
        told: what happened, as a sentence with the column's name in it; empty like `moved`.
        error: by how much the score may be wrong since bins stand for values; 0 if it is exact.
        infinite: infinite values, where the reference had none or clearly fewer.
        unreadable: what it is now, if it cannot be read as what it was: then it has moved, by whatever test.
    """

    column: str
    kind: str
    test: str
    score: float
    p_value: float | None
    threshold: float
    drifted: bool
    noise_floor: float
    missing_reference: float
    missing_current: float
    reference_counts: tuple[int, ...]
    current_counts: tuple[int, ...]
    bins: tuple[str, ...]
    moved: str
    p_needed: float | None = None
    convention: str = ""
    error: float = 0.0
    told: str = ""
    infinite: int = 0
    unreadable: Unreadable | None = None


@dataclass(frozen=True, slots=True)
class JointDrift:
    """How all columns moved together.

    Attributes:
        method: "domain" or "pca".
        score: the area under the ROC curve of telling the rows apart (0.5: not at all); or by how many
            standard deviations the mean reconstruction error changed.
        threshold: what the score must reach.
        low, high: the interval of the score at 99%.
        p_value: the chance of such a score, or a larger one, if nothing had moved.
        drifted: whether it moved.
        rows: rows of each side that it was measured on.
        columns: those that tell the sides apart best, the strongest first.
        words: all of it in a sentence.
    """

    method: str
    score: float
    threshold: float
    low: float
    high: float
    p_value: float
    drifted: bool
    rows: int
    columns: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class DriftReport:
    """The verdict on a dataset, with the numbers and the rule it comes from.

    `columns` are the features; `target` (label drift) is told apart and does not count. `left_out` names the
    columns that were not compared: ids, times, free text, and what the caller excluded. `question` counts
    the questions asked of the same reference on one stream, from 1; None if it was asked once. `among` is the
    number of chunks that share one question. `level` follows from both, see `rule.py`. `notes` are
    sentences about the comparison as a whole, such as columns that one side lacks. `multivariate` compares
    all columns together.
    """

    dataset_drift: bool
    share_drifted: float
    n_reference: int
    n_current: int
    columns: tuple[ColumnDrift, ...]
    share: float = 0.3
    target: ColumnDrift | None = None
    left_out: tuple[str, ...] = ()
    rule: str = RULE
    level: float = LEVEL
    question: int | None = None
    among: int = 1
    notes: tuple[str, ...] = ()
    multivariate: tuple[JointDrift, ...] = ()

    @property
    def drifted(self) -> list[ColumnDrift]:
        """The feature columns that drifted, the strongest first."""
        return sorted((column for column in self.columns if column.drifted), key=lambda column: -column.score)

    @property
    def target_drifted(self) -> bool | None:
        """Whether the target moved; None where it was not compared."""
        return None if self.target is None else self.target.drifted

    @property
    def unreadable(self) -> list[str]:
        """The columns, target and all, that cannot be read as what they were."""
        columns = (*self.columns, *([self.target] if self.target else []))
        return [column.column for column in columns if column.unreadable is not None]

    @property
    def alarming(self) -> bool:
        """Whether something has to be done: the dataset drifted, or a column cannot be read any more."""
        return self.dataset_drift or bool(self.unreadable)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, under the names that `drift --json` has."""
        from pilothouse.monitoring.explaining import explained
        from pilothouse.monitoring.story import what_changed
        from pilothouse.monitoring.verdict_words import of_data

        return {
            **asdict(self),
            "verdict": of_data(self)[1],
            "target_drifted": self.target_drifted,
            "unreadable": self.unreadable,
            "changes": what_changed(self),
            "explained": explained(self),
        }

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return dumps(self.to_dict())

    @staticmethod
    def from_json(text: str) -> DriftReport:
        """Read what `to_json` wrote."""
        tree = loads(text)
        tree["columns"] = tuple(column_from_tree(column) for column in tree["columns"])
        tree["target"] = column_from_tree(tree["target"]) if tree["target"] else None
        for name in ("verdict", "target_drifted", "unreadable", "changes", "explained"):
            tree.pop(name, None)
        for name in ("left_out", "notes"):
            tree[name] = tuple(tree.get(name, ()))
        tree["multivariate"] = tuple(
            JointDrift(**{**one, **numbers_again(one, *_JOINT), "columns": tuple(one["columns"])})
            for one in tree.get("multivariate", ())
        )
        return DriftReport(**tree)


def column_from_tree(tree: dict[str, Any]) -> ColumnDrift:
    """Read one column's drift from plain values, as JSON has them."""
    values = dict(tree)
    values.update({key: tuple(item) for key, item in tree.items() if isinstance(item, list)})
    values.update(numbers_again(tree, "score", "p_value", "threshold", "noise_floor", "p_needed", "error"))
    if values.get("unreadable"):
        values["unreadable"] = Unreadable(**values["unreadable"])
    return ColumnDrift(**values)
