"""Drift of all columns together: what no column shows alone, such as two that used to move as one.

*Domain classifier*: gradient boosting learns to tell reference rows from current ones; the score is the area
under the ROC curve on rows it did not learn from, the mean over five folds. Without drift a fold's area is
that of Mann and Whitney's test, with variance (n + m + 1) / (12 n m); with drift the interval is Hanley and
McNeil's (Radiology 143, 1982); the mean's variance is corrected as by Nadeau and Bengio (Machine Learning 52,
2003). *PCA*: components that explain 65% of the reference's variance (NannyML's share) rebuild rows of both
sides; the score is by how many standard deviations the mean error changed, with Welch's test.

Both look at a sample of bounded size, and both have an effect floor besides the noise floor, as the columns
have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING, Any

from pilothouse.data.engine import connect
from pilothouse.data.reading import DataError, Source, identifier, reading
from pilothouse.data.schema import Schema
from pilothouse.data.typed_reading import relation_sql
from pilothouse.monitoring.columns import ColumnProfile
from pilothouse.monitoring.filedrift import Wishes
from pilothouse.monitoring.patience import Progress, Steps, part_of, patiently
from pilothouse.monitoring.reference import Reference
from pilothouse.monitoring.reports import JointDrift
from pilothouse.monitoring.rule import LEVEL

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]
else:
    Array = Any

MOST_ROWS = 10_000
"""Rows of each side that are looked at."""
LEAST_ROWS = 50
FOLDS = 5
ALIKE = 1 / FOLDS + 1 / (FOLDS - 1)
"""The folds see the same chance differences, so their mean varies more than that of as many areas would."""
AUC_FLOOR = 0.6
"""As far apart as one number that moved by 0.36 sigma: what a PSI of 0.1 is for a column."""
ERROR_FLOOR = 0.2
EXACT = 0.05
"""An error's spread, in standard deviations of a column, that is taken where it is smaller: of columns that
follow from each other exactly the errors are rounding, which says nothing however much it changes."""
_FAR = 1e6
"""Standard deviations from the mean beyond which all is equally far, and its square still a number."""
KEPT_VARIANCE = 0.65
MOST_LEVELS = 50


def compare_jointly(
    reference: Reference,
    sources: Sequence[Source],
    wishes: Wishes,
    methods: Sequence[str],
    progress: Progress | None = None,
) -> tuple[JointDrift, ...]:
    """Measure how all feature columns moved together.

    Args:
        reference: with its files: a profile alone has no rows.
        sources: the current files.
        wishes: which columns are no features.
        methods: "domain", "pca" or both.
        progress: called while it lasts; cancels by raising.

    Raises:
        DataError: the reference's files are not at hand, or there are too few rows.
    """
    if not reference.sources:
        raise DataError(
            f"The rows of {reference.label} are not at hand, and a profile is not enough.",
            next="Name the reference's data files with --reference.",
        )
    columns = [
        column for column in reference.profile.columns
        if column.kind in ("numeric", "category", "boolean")
        and column.name not in wishes.exclude and column.name != wishes.target
    ]  # fmt: skip
    if not columns:
        raise DataError("There are no feature columns to compare together.")
    sides = [
        _sample(reference, files, columns, part_of(progress, 0.1 * at, 0.1 * at + 0.1, "taking a sample"))
        for at, files in enumerate((reference.sources, sources))
    ]
    fewest = min(len(side) for side in sides)
    if fewest < LEAST_ROWS:
        raise DataError(
            f"{fewest} rows are too few to compare all columns together.",
            next=f"It takes {LEAST_ROWS} on each side.",
        )
    with connect() as con:  # Nothing is asked of it: a fit is waited for, and given up, as a query is.

        def work(steps: Steps) -> tuple[JointDrift, ...]:
            measures = {"domain": _domain, "pca": _rebuilt}
            return tuple(measures[method](sides[0], sides[1], columns, steps) for method in methods)

        return patiently(con, work, part_of(progress, 0.2, 1, "together"), FOLDS + 1)


def _sample(
    reference: Reference,
    sources: Sequence[Source],
    columns: Sequence[ColumnProfile],
    progress: Progress | None,
) -> Array:
    """Return rows x columns of floats: numbers, and for categories the rank of the value; NaN if missing."""
    import numpy as np

    levels = [list(column.levels[:MOST_LEVELS]) for column in columns if column.kind != "numeric"]
    asked = ", ".join(f"{_encoded(column)} AS c{at}" for at, column in enumerate(columns))
    with connect() as con, reading(*sources):

        def work(steps: Steps) -> Array:
            steps.next("")
            # Numbers are compared as such, whole or not.
            schema = Schema(
                tuple(
                    replace(column, type="number") if column.kind == "numeric" else column
                    for column in reference.schema.columns
                )
            )
            table = relation_sql(con, sources, schema, columns=[column.name for column in columns])
            sample = f"SELECT * FROM {table} USING SAMPLE reservoir({MOST_ROWS} ROWS) REPEATABLE (7)"
            found = con.execute(f"SELECT {asked} FROM ({sample})", levels).fetchnumpy()
            parts: list[Array] = [
                np.ma.asarray(found[f"c{at}"], dtype=float).filled(np.nan) for at in range(len(columns))
            ]
            return np.column_stack(parts)

        return patiently(con, work, progress)


def _encoded(column: ColumnProfile) -> str:
    name = identifier(column.name)
    if column.kind == "numeric":
        return f"CASE WHEN isfinite(CAST({name} AS DOUBLE)) THEN CAST({name} AS DOUBLE) END"
    rank = f"coalesce(list_position(?::VARCHAR[], CAST({name} AS VARCHAR)), 0)"
    return f"CASE WHEN {name} IS NOT NULL THEN CAST({rank} AS DOUBLE) END"


def _domain(before: Array, now: Array, columns: Sequence[ColumnProfile], steps: Steps) -> JointDrift:
    import numpy as np
    from scipy.special import ndtr, ndtri
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.inspection import permutation_importance
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    rows = np.vstack([before, now])
    for at in range(rows.shape[1]):
        # A column of one value tells only where it is missing, and boosting refuses one of no value.
        if len(np.unique(rows[~np.isnan(rows[:, at]), at])) < 2:
            rows[:, at] = np.isnan(rows[:, at])
    side = np.r_[np.zeros(len(before), dtype=int), np.ones(len(now), dtype=int)]
    categories = [column.kind != "numeric" for column in columns]
    areas, null, spread = [], 0.0, 0.0
    importance = np.zeros(len(columns))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=7)
    for at, (learn, test) in enumerate(folds.split(rows, side)):
        steps.next(f"fold {at + 1} of {FOLDS}")
        # Shallow and few: to be told apart at all is what counts, and the default would learn noise by heart.
        model = HistGradientBoostingClassifier(
            max_iter=40,
            max_leaf_nodes=15,
            categorical_features=categories,
            early_stopping=False,
            random_state=7,
        )
        model.fit(rows[learn], side[learn])
        area = float(roc_auc_score(side[test], model.predict_proba(rows[test])[:, 1]))
        n, m = int((side[test] == 0).sum()), int((side[test] == 1).sum())
        areas.append(area)
        null += (n + m + 1) / (12 * n * m) / FOLDS * ALIKE
        spread += hanley_mcneil(area, n, m) / FOLDS * ALIKE
        if at == 0:
            some = test[:: max(1, len(test) // 2000)]
            importance = permutation_importance(
                model, rows[some], side[some], scoring="roc_auc", n_repeats=2, random_state=7
            ).importances_mean
    score = float(np.mean(areas))
    threshold = max(AUC_FLOOR, 0.5 + float(ndtri(1 - LEVEL)) * sqrt(null))
    half = float(ndtri(1 - LEVEL / 2)) * sqrt(spread)
    p_value = float(ndtr(-(score - 0.5) / sqrt(null)))
    drifted = score >= threshold
    best = _best(columns, importance, 0.005) if drifted else ()
    words = (
        "A classifier tells current rows from the reference's with an area under the ROC curve of "
        f"{score:.2f} "
        f"({max(0.0, score - half):.2f} to {min(1.0, score + half):.2f} at 99%; 0.50 is not at all), "
        f"{'above' if drifted else 'below'} the {threshold:.2f} that counts: taken together the columns "
        + (f"have moved, most by {', '.join(best)}." if best else "have moved." if drifted else "are steady.")
    )
    return JointDrift(
        "domain", score, threshold, max(0.0, score - half), min(1.0, score + half), p_value, drifted,
        min(len(before), len(now)), best, words,
    )  # fmt: skip


def hanley_mcneil(area: float, n: int, m: int) -> float:
    """Return the variance of an area under the ROC curve over n and m rows."""
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    return max(
        0.0, (area * (1 - area) + (m - 1) * (first - area**2) + (n - 1) * (second - area**2)) / (n * m)
    )


def _rebuilt(before: Array, now: Array, columns: Sequence[ColumnProfile], steps: Steps) -> JointDrift:
    import numpy as np
    from scipy.special import ndtri
    from scipy.stats import ttest_ind
    from sklearn.decomposition import PCA

    steps.next("rebuilding")
    # Every other row fits the components; the rest shows what error to expect of rows they did not see.
    fitted, before = before[::2], before[1::2]
    # First by the largest, whose square may be no number any more.
    largest = np.nan_to_num(np.nanmax(np.abs(np.vstack([fitted, np.ones(fitted.shape[1])])), axis=0), nan=1.0)
    fitted, before, now = (side / largest for side in (fitted, before, now))
    fill = np.nan_to_num(_mean(fitted))
    fitted, before, now = (np.where(np.isnan(side), fill, side) for side in (fitted, before, now))
    scale = fitted.std(axis=0)
    scale[scale == 0] = 1.0
    fitted, before, now = (np.clip((side - fill) / scale, -_FAR, _FAR) for side in (fitted, before, now))
    model = PCA(n_components=KEPT_VARIANCE if fitted.shape[1] > 1 else None, svd_solver="full").fit(fitted)
    parts = [(side - model.inverse_transform(model.transform(side))) ** 2 for side in (before, now)]
    errors = [np.sqrt(part.sum(axis=1)) for part in parts]
    unit = max(float(errors[0].std(ddof=1)), EXACT)
    change = float(errors[1].mean() - errors[0].mean())
    error = sqrt(sum(float(side.var(ddof=1)) / len(side) for side in errors)) / unit
    score = abs(change) / unit
    threshold = max(ERROR_FLOOR, float(ndtri(1 - LEVEL / 2)) * error)
    p_value = float(ttest_ind(errors[1], errors[0], equal_var=False).pvalue) if error else 1.0
    drifted = score >= threshold
    best = _best(columns, np.abs(parts[1].mean(axis=0) - parts[0].mean(axis=0)), 0.05) if drifted else ()
    half = float(ndtri(1 - LEVEL / 2)) * error
    words = (
        f"{model.n_components_} principal components rebuild current rows with an error of "
        f"{errors[1].mean():.2f}, "
        f"the reference's with {errors[0].mean():.2f}: a change of {score:,.2f} standard deviations, "
        f"{'above' if drifted else 'below'} the {threshold:.2f} that counts. The columns hang together "
        + (
            f"differently, most in {', '.join(best)}."
            if best
            else "differently."
            if drifted
            else "as before."
        )
    )
    return JointDrift(
        "pca", score, threshold, max(0.0, score - half), score + half, p_value, drifted,
        min(len(before), len(now)), best, words,
    )  # fmt: skip


def _mean(rows: Array) -> Array:
    import numpy as np

    seen = ~np.isnan(rows)
    means: Array = np.where(seen, rows, 0).sum(axis=0) / np.maximum(1, seen.sum(axis=0))
    return means


def _best(columns: Sequence[ColumnProfile], weights: Array, least: float) -> tuple[str, ...]:
    order = sorted(range(len(columns)), key=lambda at: -weights[at])
    return tuple(columns[at].name for at in order[:3] if weights[at] >= least)
