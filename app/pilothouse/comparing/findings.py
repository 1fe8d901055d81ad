"""What a comparison found, as plain values: made by the heavy half, shown and written down by the light one.

In every tuple with one entry a subject, the order is that of the subjects and the first is the baseline.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

BETTER, WORSE, ALIKE, UNDECIDED = "better", "worse", "alike", "undecided"
VERDICTS = {
    BETTER: "better",
    WORSE: "worse",
    ALIKE: "the same on every draw",
    UNDECIDED: "no difference that these rows can show",
}


@dataclass(frozen=True, slots=True)
class Interval:
    """A metric's difference to the baseline's, in the metric's unit, and where it lies with confidence.

    `low` and `high` are None where there are too few rows for an interval; then `verdict` is empty.
    """

    difference: float
    low: float | None
    high: float | None
    verdict: str

    @property
    def words(self) -> str:
        """The verdict in words."""
        return VERDICTS.get(self.verdict, "too few rows for an interval")


@dataclass(frozen=True, slots=True)
class Measured:
    """One metric of every subject on the shared rows; None where there is no value, or nothing to compare."""

    metric: str
    values: tuple[float | None, ...]
    intervals: tuple[Interval | None, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """All subjects judged on the very same rows.

    Attributes:
        where: which rows, in words; `rows`: how many.
        drawn: what is drawn again and again: "rows" or "days"; `units`: how many of them there are.
        resamples, seed: of the bootstrap.
        level: how sure it is that the intervals of all metrics hold together; `each`: of each by itself.
        left_out: label and reason of each subject that could not be judged on these rows.
        notes: what to bear in mind, in sentences.
    """

    where: str
    rows: int
    drawn: str
    units: int
    resamples: int
    seed: int
    level: float
    metrics: tuple[Measured, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    each: float = 0.95


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of the shared rows: those with one value, or a range of values, of a column."""

    name: str
    rows: int
    values: tuple[float | None, ...]
    intervals: tuple[Interval | None, ...]
    small: bool


@dataclass(frozen=True, slots=True)
class SlicedColumn:
    """The slices of one column, the worst first, small ones last. `level` is that of each interval."""

    column: str
    how: str
    level: float
    slices: tuple[Slice, ...]


@dataclass(frozen=True, slots=True)
class Slices:
    """One metric by slices of the shared rows."""

    metric: str
    columns: tuple[SlicedColumn, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve of each subject over the same axes: points (x, y); empty where there is none.

    Where points are only the extremes of a longer curve, `means` has `(x, mean, count)` of its stretches, to
    be smoothed in their place; it is empty where that is so of none.
    """

    name: str
    x: str
    y: str
    points: tuple[tuple[tuple[float, float], ...], ...]
    note: str = ""
    means: tuple[tuple[tuple[float, float, int], ...], ...] = ()


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of code that differs: added, removed or changed, with numbers of lines where they are known."""

    path: str
    change: str
    added: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class CodeChange:
    """How one subject's code differs from the baseline's: a sentence, the files, a unified diff."""

    label: str
    said: str
    files: tuple[FileChange, ...] = ()
    diff: str = ""
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """Where each subject's code comes from, in words, and how it differs from the baseline's."""

    origins: tuple[str, ...]
    changes: tuple[CodeChange, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """One fact of the environments: a package's version, Python, the machine, a thread setting."""

    section: str
    key: str
    values: tuple[str | None, ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """How one column is distributed differently: PSI, what it must reach, and what happened in words."""

    column: str
    kind: str
    score: float
    threshold: float
    drifted: bool
    moved: str


@dataclass(frozen=True, slots=True)
class DataChange:
    """How one subject's dataset version differs from the baseline's.

    Attributes:
        label, version: whose, and which.
        said: one line a fact, in words.
        rows: the difference in rows.
        files_added, files_removed, files_changed: names.
        schema: sentences.
        columns: the columns, the most moved first; `target` is told apart.
        trouble: why the distributions could not be compared; empty if they were, or need not be.
    """

    label: str
    version: str
    said: tuple[str, ...]
    rows: int
    files_added: tuple[str, ...] = ()
    files_removed: tuple[str, ...] = ()
    files_changed: tuple[str, ...] = ()
    schema: tuple[str, ...] = ()
    columns: tuple[Moved, ...] = ()
    target: Moved | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Data:
    """The dataset version of each subject in words, and how each differs from the baseline's."""

    versions: tuple[str, ...]
    changes: tuple[DataChange, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything beyond the facts. What is None was not asked for, or `untold` says why it is not there."""

    judgement: Judgement | None = None
    slices: Slices | None = None
    curves: tuple[Curve, ...] | None = None
    code: Code | None = None
    environment: tuple[Setting, ...] | None = None
    data: Data | None = None
    untold: dict[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


SECTIONS = ("judgement", "slices", "curves", "code", "environment", "data")
_TYPES: dict[str, Any] = {
    "judgement": Judgement,
    "slices": Slices,
    "curves": tuple[Curve, ...],
    "code": Code,
    "environment": tuple[Setting, ...],
    "data": Data,
}


def section_from(name: str, tree: Any) -> Any:
    """Read one section as it was written: `judgement` gives a Judgement, and so on.

    Raises:
        ValueError: it is no such thing.
    """
    import msgspec

    return msgspec.convert(tree, _TYPES[name])


def finite(value: float | None) -> float | None:
    """Return a number that can be shown and compared, or None."""
    return float(value) if value is not None and math.isfinite(value) else None
