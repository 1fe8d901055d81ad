from __future__ import annotations

import numpy as np
import pytest

from pilothouse.monitoring.quality.leaks import Suspect, find_leaks, names_alike


def _found(target: object, feature: object, *, classification: bool = True, name: str = "x") -> list[Suspect]:
    rows = list(zip(list(target), list(feature), strict=True))  # type: ignore[call-overload]
    return find_leaks("late", [name], rows, classification=classification)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_what_gives_a_class_away(rng: np.random.Generator) -> None:
    late = rng.integers(0, 2, 1000)
    target = [str(one) for one in late]
    assert _found(target, [float(one) * 3 + 1 for one in late])[0].score == 1.0
    assert _found(target, [-float(one) for one in late])
    assert _found(target, [f"code {one}" for one in late])
    # Known only where something happened: that it is missing tells all.
    assert _found(target, [None if one else 4.2 for one in late])
    assert not _found(target, rng.normal(size=1000).tolist())
    assert not _found(target, [f"name {at}" for at in range(1000)])
    strong = (late + rng.normal(scale=0.6, size=1000)).tolist()
    assert not _found(target, strong)


def test_a_name_makes_it_more_suspicious(rng: np.random.Generator) -> None:
    late = rng.integers(0, 2, 2000)
    nearly = (late + rng.normal(scale=0.38, size=2000)).tolist()
    target = [str(one) for one in late]
    assert not _found(target, nearly)
    assert _found(target, nearly, name="is_late")


def test_the_area_agrees_with_scikit_learn(rng: np.random.Generator) -> None:
    from sklearn.metrics import roc_auc_score

    from pilothouse.monitoring.quality.leaks import _auc, _gaps_auc

    for _ in range(50):
        truth = rng.random(300) < 0.3
        values = np.round(rng.normal(size=300) + truth * rng.random() * 3, 1)
        area = roc_auc_score(truth, values)
        assert _auc(values.tolist(), truth.tolist()) == pytest.approx(max(area, 1 - area))
        gaps = [None if gap else 1.0 for gap in rng.random(300) < 0.2 + 0.5 * truth]
        area = roc_auc_score(truth, [value is None for value in gaps])
        assert _gaps_auc(gaps, truth.tolist()) == pytest.approx(max(area, 1 - area))


def test_what_gives_a_number_away(rng: np.random.Generator) -> None:
    cost = rng.lognormal(size=1500)
    assert _found(cost.tolist(), (cost * 2 + 1).tolist(), classification=False)
    assert _found(cost.tolist(), np.log(cost).tolist(), classification=False)
    assert not _found(cost.tolist(), (cost + rng.lognormal(size=1500)).tolist(), classification=False)
    assert not _found([1.0] * 1500, cost.tolist(), classification=False)


def test_several_classes(rng: np.random.Generator) -> None:
    kind = rng.integers(0, 4, 1000)
    target = [f"k{one}" for one in kind]
    assert _found(target, [float(one) ** 2 for one in kind])
    assert not _found(target, rng.normal(size=1000).tolist())


def test_few_rows_or_a_rare_class_say_nothing() -> None:
    assert not _found(["0", "1"] * 40, [0.0, 1.0] * 40)
    assert not _found(["1"] * 5 + ["0"] * 500, [1.0] * 5 + [0.0] * 500)


def test_names() -> None:
    assert names_alike("late", "is_late")
    assert names_alike("lateFlag", "late")
    assert not names_alike("plate", "late")
    assert not names_alike("", "late")
