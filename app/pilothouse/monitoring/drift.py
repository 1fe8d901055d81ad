"""Has the data moved? Two profiles compared, column by column, and a verdict for the whole.

A column has drifted if the effect is real *and* large enough. The score is the population stability index
(PSI) over the reference's bins, with half a row added to each so that none is empty: sum((c - r) ln(c / r)).
Missing values are a bin of their own, and so are values that the reference never had. Without any drift the
score, divided by 1/n + 1/m, follows a chi-square law with one degree of freedom less than there are bins. So

    score >= 0.1  and  score > chi2_0.99(bins - 1) * (1/n + 1/m)

The first floor lets no change alarm that is too small to matter, however many rows prove it; the second lets
no small sample alarm by its own noise (Potgieter et al., arXiv 2307.11878).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pilothouse.monitoring.columns import ColumnProfile, Profile
from pilothouse.monitoring.wording import bin_labels, moved_in_words
from pilothouse.store import dumps, loads

EFFECT_FLOOR = 0.1
CONFIDENCE = 0.99
OWN_BIN_SHARE = 0.01
"""A category's value has a bin of its own if the reference has it in at least this share of the rows …"""
OWN_BINS = 20
"""… and it is among so many most frequent ones. The rest share one: rare values would only add noise."""
RULE = (
    "psi >= 0.1 and psi > chi2_0.99(bins - 1) * (1/n + 1/m), on the reference's tenths or most frequent "
    "values, with bins for missing and unseen values, counts + 0.5"
)


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """How one column moved.

    Attributes:
        column, kind, test: the name; numeric, category, boolean or text; the test's name, `psi`.
        score: PSI in natural logarithms; 0 if the distributions are the same.
        p_value: the chance of such a score, or a larger one, if nothing had moved.
        threshold: what the score must reach, the larger of effect floor and noise floor.
        drifted: whether the rule says that it moved.
        noise_floor: what noise alone exceeds once in a hundred times, from both numbers of rows.
        missing_reference, missing_current: share of missing values.
        bins, reference_counts, current_counts: labels and rows; the last bin is that of missing values. The
            reference's count of new values is how many of those seen it lets expect.
        moved: what happened, in words; empty if nothing worth saying did.
    """

    column: str
    kind: str
    test: str
    score: float
    p_value: float
    threshold: float
    drifted: bool
    noise_floor: float
    missing_reference: float
    missing_current: float
    reference_counts: tuple[int, ...]
    current_counts: tuple[int, ...]
    bins: tuple[str, ...]
    moved: str


@dataclass(frozen=True, slots=True)
class DriftReport:
    """The verdict on a dataset, with the numbers and the rule it comes from.

    `columns` are the features; `target` (label drift) is told apart and does not count. `left_out` names the
    columns that were not compared: ids, times, free text, and what the caller excluded.
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

    @property
    def drifted(self) -> list[ColumnDrift]:
        """The feature columns that drifted, the strongest first."""
        return sorted((column for column in self.columns if column.drifted), key=lambda column: -column.score)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, under the names that `drift --json` has."""
        return asdict(self)

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return dumps(self.to_dict())

    @staticmethod
    def from_json(text: str) -> DriftReport:
        """Read what `to_json` wrote."""
        tree = loads(text)
        tree["columns"] = tuple(_from_tree(column) for column in tree["columns"])
        tree["target"] = _from_tree(tree["target"]) if tree["target"] else None
        tree["left_out"] = tuple(tree["left_out"])
        return DriftReport(**tree)


def _from_tree(tree: dict[str, Any]) -> ColumnDrift:
    values = dict(tree)
    values.update({key: tuple(item) for key, item in tree.items() if isinstance(item, list)})
    return ColumnDrift(**values)


def compare_profiles(
    reference: Profile,
    current: Profile,
    share: float = 0.3,
    *,
    target: str | None = None,
    exclude: Sequence[str] = (),
) -> DriftReport:
    """Compare a current profile with the reference whose bins it was counted into.

    Args:
        reference: the profile that made the bins.
        current: a profile made with `edges_from=reference`.
        share: the dataset has drifted if at least this share of the feature columns has.
        target: the target column, compared apart.
        exclude: columns that are no features (id, time and whatever else).

    Raises:
        ValueError: the profiles' bins differ.
    """
    columns, left_out, target_drift = [], [], None
    for mine in reference.columns:
        theirs = current.column(mine.name)
        if mine.name != target and (theirs is None or mine.name in exclude or not _comparable(mine)):
            left_out.append(mine.name)
        elif theirs is not None:
            drift = compare_columns(mine, theirs)
            if mine.name == target:
                target_drift = drift
            else:
                columns.append(drift)
    share_drifted = sum(column.drifted for column in columns) / len(columns) if columns else 0.0
    return DriftReport(
        dataset_drift=bool(columns) and share_drifted >= share - 1e-9,
        share_drifted=share_drifted,
        n_reference=reference.rows,
        n_current=current.rows,
        columns=tuple(columns),
        share=share,
        target=target_drift,
        left_out=tuple(left_out),
    )


def _comparable(column: ColumnProfile) -> bool:
    # Times move by nature and names never repeat; but a column that was empty may come to life.
    return column.kind not in ("time", "text") or column.type == "empty"


def compare_columns(reference: ColumnProfile, current: ColumnProfile) -> ColumnDrift:
    """Compare one column's profiles, which must have the same bins; see the rule above.

    Raises:
        ValueError: the bins differ.
    """
    if (reference.edges, reference.levels) != (current.edges, current.levels):
        raise ValueError(f"the profiles of {reference.name!r} have different bins")
    labels, r, c = _bins(reference, current)
    n, m = reference.rows, current.rows
    score, noise_floor, p_value = psi_with_noise(r, c)
    return ColumnDrift(
        column=reference.name,
        kind=reference.kind,
        test="psi",
        score=score,
        p_value=p_value,
        threshold=max(EFFECT_FLOOR, noise_floor),
        drifted=score >= EFFECT_FLOOR and score > noise_floor,
        noise_floor=noise_floor,
        missing_reference=reference.missing / n if n else 0.0,
        missing_current=current.missing / m if m else 0.0,
        reference_counts=tuple(r),
        current_counts=tuple(c),
        bins=tuple(labels),
        moved=moved_in_words(reference, current, labels, r, c),
    )


def _bins(reference: ColumnProfile, current: ColumnProfile) -> tuple[list[str], list[int], list[int]]:
    """Return labels and both counts; the last bin is that of missing values."""
    if reference.kind == "numeric":
        labels = bin_labels(reference.edges)
        r, c = list(reference.counts), list(current.counts)
    elif reference.kind in ("category", "boolean"):
        present = reference.rows - reference.missing
        own = [
            index
            for index, count in enumerate(reference.level_counts[:OWN_BINS])
            if count >= OWN_BIN_SHARE * present
        ]
        labels = [reference.levels[index] for index in own] + ["(other values)", "(new values)"]
        r, c = ([column.level_counts[index] for index in own] for column in (reference, current))
        rare_r, rare_c = present - sum(r), current.rows - current.missing - current.unseen - sum(c)
        # So many rows of new values are to be expected as the reference has values that came up once (Good
        # and Turing): in a column of thousands of values some are new every time, and nothing has moved. Only
        # what goes beyond that counts, hence the last of the three.
        complete = reference.distinct <= len(reference.levels)
        alike = round(current.unseen * reference.rows / current.rows) if current.rows else 0
        expected = min(rare_r, reference.singletons, alike) if complete else 0
        r += [rare_r - expected, expected]
        c += [rare_c, current.unseen]
    else:
        labels = ["(present)"]
        r, c = [reference.rows - reference.missing], [current.rows - current.missing]
    return [*labels, "(missing)"], [*r, reference.missing], [*c, current.missing]


def psi_with_noise(reference: Sequence[int], current: Sequence[int]) -> tuple[float, float, float]:
    """Return PSI, its noise floor and its p-value for the counts of one set of bins.

    Bins that are empty on both sides do not count. Without rows on one side, or with a single bin left, there
    is nothing to compare: 0, 0 and 1.
    """
    from math import log

    from scipy.special import chdtrc, chdtri

    pairs = [(r, c) for r, c in zip(reference, current, strict=True) if r + c > 0]
    n, m, size = sum(r for r, _ in pairs), sum(c for _, c in pairs), len(pairs)
    if n == 0 or m == 0 or size < 2:
        return 0.0, 0.0, 1.0
    score = 0.0
    for r, c in pairs:
        share_r, share_c = (r + 0.5) / (n + 0.5 * size), (c + 0.5) / (m + 0.5 * size)
        score += (share_c - share_r) * log(share_c / share_r)
    noise = 1 / n + 1 / m
    noise_floor = float(chdtri(size - 1, 1 - CONFIDENCE)) * noise
    return score, noise_floor, float(chdtrc(size - 1, score / noise))
