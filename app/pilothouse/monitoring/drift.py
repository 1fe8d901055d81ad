"""Has the data moved? Two profiles compared, column by column, and a verdict for the whole.

By default the rule of `rule.py` decides; a test that the caller names decides by that test's own convention
(`distances.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pilothouse.monitoring.changes import MISSING, NEW_VALUES, find_change, in_a_sentence, in_short
from pilothouse.monitoring.columns import ColumnProfile, Profile
from pilothouse.monitoring.distances import (
    Measured,
    Named,
    Points,
    measure,
    measure_points,
    pick_test,
    points_of_bins,
)
from pilothouse.monitoring.reports import ColumnDrift, DriftReport
from pilothouse.monitoring.rule import EFFECT_FLOOR, LEVEL, Evidence, level_of, p_needed, weigh
from pilothouse.monitoring.wording import bin_labels

OWN_BIN_SHARE = 0.01
"""A category's value has a bin of its own if the reference has it in at least this share of the rows …"""
OWN_BINS = 20
"""… and it is among so many most frequent ones. The rest share one: rare values would only add noise."""

UNREADABLE = "(unreadable)"
"""The bin of all values of a column that cannot be read as what it was, of those that could be, too."""

PointsOf = Callable[[str], Points | None]
"""Gives the points of a numeric column, for the tests that need them; None if it has none."""


def compare_profiles(
    reference: Profile,
    current: Profile,
    share: float = 0.3,
    *,
    target: str | None = None,
    exclude: Sequence[str] = (),
    tests: Sequence[str] = (),
    points: PointsOf | None = None,
    question: int | None = None,
    among: int = 1,
) -> DriftReport:
    """Compare a current profile with the reference whose bins it was counted into.

    Args:
        reference: the profile that made the bins; what feature views make counts as its other columns do.
        current: a profile made with `edges_from=reference`.
        share: the dataset has drifted if at least this share of the feature columns has.
        target: the target column, compared apart, on the rows that have it.
        exclude: columns that are no features (id, time and whatever else).
        tests: names of tests; each column gets the first that suits its kind, else the default rule.
        points: values or fine bins of a numeric column, for tests that need them; the profiles' by default.
        question, among: see `DriftReport`.

    Raises:
        ValueError: the profiles' bins differ.
    """
    columns, left_out, target_drift = [], [], None
    notes: tuple[str, ...] = ()
    for mine in (*reference.columns, *reference.made):
        theirs = current.column(mine.name)
        if mine.name != target and (theirs is None or mine.name in exclude or not is_comparable(mine)):
            left_out.append(mine.name)
        elif theirs is not None:
            if mine.name == target:
                if theirs.missing == theirs.rows > 0 and mine.missing < mine.rows:
                    notes = (f"{target!r}, the target, was not compared: the file has no labels.",)
                    continue
                # Labels that are still to come are no drift of those that are there.
                mine, theirs = _labelled(mine), _labelled(theirs)
            drift = compare_columns(mine, theirs, tests=tests, points=points)
            if mine.name == target:
                target_drift = drift
            else:
                columns.append(drift)
    report = DriftReport(
        dataset_drift=False,
        share_drifted=0.0,
        n_reference=reference.rows,
        n_current=current.rows,
        columns=tuple(columns),
        share=share,
        target=target_drift,
        left_out=tuple(left_out),
        notes=notes,
    )
    return decide(report, question, among)


def _labelled(column: ColumnProfile) -> ColumnProfile:
    return replace(column, rows=column.rows - column.missing, missing=0)


def decide(report: DriftReport, question: int | None, among: int = 1) -> DriftReport:
    """Return the report with the verdicts that it has as this question; scores and p-values stay."""
    level = level_of(question, among)
    by_rule = [column for column in report.columns if not column.convention]
    needed = dict(
        zip(
            (column.column for column in by_rule),
            p_needed([_p(column) for column in by_rule], level),
            strict=True,
        )
    )
    columns = tuple(
        _at_level(column, needed[column.column]) if column.column in needed else column
        for column in report.columns
    )
    target = report.target
    if target is not None and not target.convention:
        target = _at_level(target, level)
    share_drifted = sum(column.drifted for column in columns) / len(columns) if columns else 0.0
    return replace(
        report,
        dataset_drift=bool(columns) and share_drifted >= report.share - 1e-9,
        share_drifted=share_drifted,
        columns=columns,
        target=target,
        level=level,
        question=question,
        among=among,
    )


def _p(column: ColumnDrift) -> float:
    return 1.0 if column.p_value is None else column.p_value


def _at_level(column: ColumnDrift, needed: float) -> ColumnDrift:
    evidence = weigh(column.reference_counts, column.current_counts)
    noise_floor = evidence.floor(needed)
    # What cannot be read any more is no matter of chance.
    drifted = column.unreadable is not None or (column.score >= EFFECT_FLOOR and _p(column) <= needed)
    return replace(
        column,
        p_needed=needed,
        noise_floor=noise_floor,
        threshold=max(EFFECT_FLOOR, noise_floor),
        drifted=drifted,
    )


def is_comparable(column: ColumnProfile) -> bool:
    """Say whether a column of a reference can be compared with anything."""
    # Times move by nature and names never repeat; but a column that was empty may come to life.
    return column.kind not in ("time", "text") or column.type == "empty"


def compare_columns(
    reference: ColumnProfile,
    current: ColumnProfile,
    *,
    tests: Sequence[str] = (),
    points: PointsOf | None = None,
    level: float = LEVEL,
) -> ColumnDrift:
    """Compare one column's profiles, which must have the same bins, as if it were the only one.

    Raises:
        ValueError: the bins differ.
    """
    if (reference.edges, reference.levels) != (current.edges, current.levels):
        raise ValueError(f"the profiles of {reference.name!r} have different bins")
    labels, r, c = _bins(reference, current)
    n, m = reference.rows, current.rows
    evidence: Evidence = weigh(r, c)
    change = find_change(reference, current, labels, r, c)
    column = ColumnDrift(
        column=reference.name,
        kind=reference.kind,
        test="psi",
        score=evidence.score,
        p_value=evidence.p_value if current.unreadable is None else None,
        threshold=EFFECT_FLOOR,
        drifted=False,
        noise_floor=0.0,
        missing_reference=reference.missing / n if n else 0.0,
        missing_current=current.missing / m if m else 0.0,
        reference_counts=tuple(r),
        current_counts=tuple(c),
        bins=tuple(labels),
        moved=in_short(change),
        told=in_a_sentence(reference.name, change),
        infinite=change.infinite,
        unreadable=current.unreadable,
    )
    test = pick_test(reference.kind, tests)
    # Without a value on one side there is nothing that a named test could measure.
    if test is None or current.unreadable is not None or not sum(r[:-1]) or not sum(c[:-1]):
        return _at_level(column, level)
    found, error = _measured(test, reference, current, r[:-1], c[:-1], points)
    return replace(
        column,
        test=test.name,
        score=found.score,
        p_value=found.p_value,
        threshold=found.threshold,
        drifted=found.drifted,
        convention=test.convention,
        error=error,
    )


def _measured(
    test: Named,
    reference: ColumnProfile,
    current: ColumnProfile,
    r: Sequence[int],
    c: Sequence[int],
    points: PointsOf | None,
) -> tuple[Measured, float]:
    if not test.on_points:
        return measure(test, r, c), 0.0
    found = points(reference.name) if points else None
    found = found or points_of_profiles(reference, current)
    if found is None:
        return Measured(0.0, test.limit or 0.0, None, False), 0.0
    measured = measure_points(test, found, reference.std)
    error = found.error if test.name == "ks" else found.width / max(reference.std or 0.0, 0.001)
    return measured, float(f"{error:.2g}")


def points_of_profiles(reference: ColumnProfile, current: ColumnProfile) -> Points | None:
    """Return the points of two profiles of a number: their fine bins, else their tenths; None if empty."""
    ends = [column.min for column in (reference, current)] + [column.max for column in (reference, current)]
    known = [float(end) for end in ends if end is not None]
    edges, r, c = reference.edges, reference.counts, current.counts
    if reference.fine_edges and reference.fine_edges == current.fine_edges:
        edges, r, c = reference.fine_edges, reference.fine_counts, current.fine_counts
    if not known or not sum(r) or not sum(c):
        return None
    return points_of_bins(edges, r, c, min(known), max(known))


def _bins(reference: ColumnProfile, current: ColumnProfile) -> tuple[list[str], list[int], list[int]]:
    """Return labels and both counts; the last bin is that of missing values."""
    # What cannot be read has a bin of its own, and is in none of the others.
    readable = 0 if current.unreadable is not None else current.rows - current.missing
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
        labels = [reference.levels[index] for index in own] + ["(other values)", NEW_VALUES]
        r, c = ([column.level_counts[index] for index in own] for column in (reference, current))
        rare_r, rare_c = present - sum(r), readable - current.unseen - sum(c)
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
        r, c = [reference.rows - reference.missing], [readable]
    if current.unreadable is not None:
        labels, r, c = [*labels, UNREADABLE], [*r, 0], [*c, current.rows - current.missing]
    return [*labels, MISSING], [*r, reference.missing], [*c, current.missing]
