"""Each test that may be named, against scipy or its own formula over a thousand random inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from pilothouse.config import DRIFT_TESTS
from pilothouse.errors import UsageError
from pilothouse.monitoring.distances import (
    NAMED,
    Points,
    measure,
    measure_points,
    parse_tests,
    pick_test,
    points_of_bins,
    points_of_values,
    wasserstein,
)

Counts = np.ndarray[Any, np.dtype[np.int64]]


def _counts(rounds: int = 1000) -> Iterator[tuple[Counts, Counts]]:
    dice = np.random.default_rng(11)
    for _ in range(rounds):
        bins = int(dice.integers(2, 14))
        rows = dice.integers(1, 5000, 2)
        yield tuple(dice.multinomial(n, dice.dirichlet(np.full(bins, 0.7))) for n in rows)  # type: ignore[misc]


def _values(rounds: int = 1000) -> Iterator[tuple[Counts, Counts]]:
    """Pairs of samples of many laws and sizes; every third has ties."""
    dice = np.random.default_rng(12)
    laws = (dice.standard_normal, dice.standard_cauchy, dice.standard_exponential)
    for at in range(rounds):
        n, m = (int(size) for size in dice.integers(1, 120, 2))
        law, shift = laws[at % 3], dice.choice([0.0, 0.3])
        pair = law(n), law(m) * dice.choice([1.0, 1.5]) + shift
        yield tuple(np.round(side) for side in pair) if at % 3 == 0 else pair  # type: ignore[misc]


def test_jensen_shannon_is_scipys() -> None:
    for r, c in _counts():
        found = measure(NAMED["js"], list(r), list(c))
        assert found.score == pytest.approx(jensenshannon(r, c), abs=1e-7)
        assert found.drifted == (found.score >= 0.1)


def test_chi_square_is_scipys() -> None:
    for r, c in _counts():
        found = measure(NAMED["chi2"], list(r), list(c))
        seen = (r + c) > 0
        if seen.sum() < 2:
            assert (found.score, found.p_value) == (0.0, 1.0)
            continue
        theirs = stats.chi2_contingency(np.vstack([r[seen], c[seen]]))
        assert found.score == pytest.approx(theirs.statistic)
        assert found.p_value == pytest.approx(theirs.pvalue)
        assert found.drifted == (theirs.pvalue < 0.05) == (found.score > found.threshold)


def test_the_other_distances_are_their_formulas() -> None:
    for counts in _counts():
        r, c = (side / side.sum() for side in counts)
        filled = [np.where(side == 0, 1e-4, side) for side in (r, c)]
        score = {name: measure(NAMED[name], *map(list, counts)).score for name in ("hellinger", "tv", "linf")}
        assert score["hellinger"] == pytest.approx(np.sqrt(1 - np.sum(np.sqrt(r * c))), abs=1e-6)
        assert score["tv"] == pytest.approx(np.maximum(r - c, 0).sum())
        assert score["linf"] == pytest.approx(np.max(np.abs(r - c)))
        if min(r[r > 0].min(), c[c > 0].min()) > 1e-4:
            expected = np.sum((filled[0] - filled[1]) * np.log(filled[0] / filled[1]))
            assert measure(NAMED["psi"], *map(list, counts)).score == pytest.approx(expected)


def test_kolmogorov_smirnov_is_scipys() -> None:
    for before, now in _values():
        found = measure_points(NAMED["ks"], points_of_values(before, now), None)
        theirs = stats.ks_2samp(before, now, method="asymp")
        assert found.score == pytest.approx(theirs.statistic, abs=1e-12)
        assert found.p_value == pytest.approx(theirs.pvalue, abs=1e-9)
        assert found.drifted == (theirs.pvalue < 0.05)


def test_wasserstein_is_scipys_over_the_standard_deviation() -> None:
    for before, now in _values():
        points = points_of_values(before, now)
        expected = stats.wasserstein_distance(before, now)
        assert wasserstein(points) == pytest.approx(expected)
        std = float(before.std())
        found = measure_points(NAMED["wasserstein"], points, std)
        assert found.score == pytest.approx(expected / max(std, 0.001))


def test_bins_are_as_wrong_as_they_say() -> None:
    for before, now in _values(100):
        edges = np.unique(np.quantile(before, np.linspace(0, 1, 21)[1:-1]))
        counts = [
            np.bincount(np.searchsorted(edges, side, side="left"), minlength=len(edges) + 1)
            for side in (before, now)
        ]
        both = np.concatenate([before, now])
        coarse = points_of_bins(list(edges), *map(list, counts), float(both.min()), float(both.max()))
        exact = points_of_values(before, now)
        ks = [measure_points(NAMED["ks"], points, None).score for points in (coarse, exact)]
        assert -1e-9 <= ks[1] - ks[0] <= coarse.error + 1e-9
        assert abs(wasserstein(coarse) - wasserstein(exact)) <= coarse.width * (1 + 1e-9) + 1e-9


def test_the_same_counts_are_no_distance() -> None:
    for name, test in NAMED.items():
        if not test.on_points:
            found = measure(test, [5, 0, 95], [5, 0, 95])
            assert found.score == pytest.approx(0, abs=1e-9), name
            assert not found.drifted
    same = Points(np.array([1.0, 2.0]), np.array([3, 4]), np.array([3, 4]))
    assert measure_points(NAMED["ks"], same, 1.0).score == 0


def test_every_column_gets_the_first_test_that_suits_it() -> None:
    wanted = parse_tests(" KS, chi2 ,psi")
    assert wanted == ("ks", "chi2", "psi")
    names = {kind: pick_test(kind, wanted) for kind in ("numeric", "category", "boolean", "text", "time")}
    assert {kind: test.name if test else None for kind, test in names.items()} == {
        "numeric": "ks", "category": "chi2", "boolean": "chi2", "text": None, "time": None,
    }  # fmt: skip
    assert pick_test("category", ("wasserstein",)) is None
    assert parse_tests("auto") == parse_tests("") == ()
    with pytest.raises(UsageError, match="no drift test 'kolmo'"):
        parse_tests("ks,kolmo")


def test_the_configuration_knows_the_same_tests() -> None:
    assert set(DRIFT_TESTS) == {"auto", *NAMED}
