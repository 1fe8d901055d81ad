"""Weighted metrics are those of the plain formulas on the rows that were drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from pilothouse.comparing.resampling import Ranking, binary, draws, labels, multiclass, regression
from pilothouse.registry.scoring import binary_metrics, multiclass_metrics, regression_metrics

ONE = {"threshold", "base_rate"}


def two_classes(rows: int, seed: int, ties: int = 0) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    positive = chance.random(rows) < 0.3
    score = np.clip(0.3 * positive + chance.random(rows) * 0.7, 0, 1)
    return positive, np.round(score, ties) if ties else score


@pytest.mark.parametrize("ties", [0, 1, 2])
def test_with_every_row_once_the_metrics_are_those_that_are_stored(ties: int) -> None:
    positive, score = two_classes(400, 1, ties)
    found = binary(positive, score, 0.4)(np.ones((1, 400)))
    for name, value in binary_metrics(positive, score, 0.4).items():
        if name not in ONE:
            assert found[name][0] == pytest.approx(value, abs=1e-12), name


def test_of_several_classes_too() -> None:
    chance = np.random.default_rng(2)
    codes = chance.integers(0, 4, 300)
    probability = chance.dirichlet(np.ones(4), 300)
    found = multiclass(codes, probability)(np.ones((1, 300)))
    for name, value in multiclass_metrics(codes, probability).items():
        assert found[name][0] == pytest.approx(value, abs=1e-12), name


def test_of_numbers_too_even_of_large_ones() -> None:
    chance = np.random.default_rng(3)
    truth = 1e6 + chance.normal(size=300)
    predicted = truth + chance.normal(0, 0.4, 300)
    found = regression(truth, predicted)(np.ones((1, 300)))
    for name, value in regression_metrics(truth, predicted).items():
        assert found[name][0] == pytest.approx(value, rel=1e-9), name


def test_a_draw_has_the_metrics_of_its_rows() -> None:
    positive, score = two_classes(150, 4, ties=1)
    chance = np.random.default_rng(5)
    codes = chance.integers(0, 3, 150)
    probability = chance.dirichlet(np.ones(3), 150)
    truth, predicted = chance.normal(size=150), chance.normal(size=150)
    for weights in draws(150, 8, 6):
        two, many, numbers = (
            binary(positive, score, 0.5)(weights),
            multiclass(codes, probability)(weights),
            regression(truth, predicted)(weights),
        )
        for n, weight in enumerate(weights):
            rows = np.repeat(np.arange(150), weight.astype(int))
            assert len(rows) == 150
            for found, plain in (
                (two, binary_metrics(positive[rows], score[rows], 0.5)),
                (many, multiclass_metrics(codes[rows], probability[rows])),
                (numbers, regression_metrics(truth[rows], predicted[rows])),
            ):
                for name, value in plain.items():
                    if name not in ONE:
                        assert found[name][n] == pytest.approx(value, abs=1e-10), name


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.integers(0, 3)),
        min_size=1,
        max_size=25,
    )
)
def test_area_and_precision_of_any_weights_and_ties(rows: list[tuple[bool, float, int]]) -> None:
    positive, score, weight = (np.array(column) for column in zip(*rows, strict=True))
    area, average = Ranking(positive, score)(weight[None, :].astype(float))
    kept = np.repeat(np.arange(len(rows)), weight)
    if len(set(positive[kept].tolist())) == 2:
        assert area[0] == pytest.approx(roc_auc_score(positive[kept], score[kept]))
        assert average[0] == pytest.approx(average_precision_score(positive[kept], score[kept]))
    else:
        assert np.isnan(area[0])
        assert np.isnan(average[0])


def test_labels_have_an_accuracy() -> None:
    codes, chosen = np.array([0, 1, 2, 1]), np.array([0, 1, 1, 1])
    assert labels(codes, chosen)(np.array([[1.0, 1, 1, 1], [0, 0, 4, 0]]))["accuracy"].tolist() == [0.75, 0.0]


def test_draws_are_the_same_for_the_same_seed_whatever_the_block() -> None:
    one, two = (np.concatenate(list(draws(30_000, 20, seed))) for seed in (1, 1))
    assert (one == two).all()
    assert (one.sum(axis=1) == 30_000).all()
    assert not (np.concatenate(list(draws(30_000, 20, 2))) == one).all()


def test_whole_groups_are_drawn() -> None:
    codes = np.array([0, 0, 1, 2, 2, 2])
    for weights in draws(3, 50, 1, codes):
        assert (weights[:, 0] == weights[:, 1]).all()
        assert (weights[:, 3] == weights[:, 5]).all()
        assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()
