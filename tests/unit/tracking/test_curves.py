from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

import pytest

from pilothouse.store import Store
from pilothouse.tracking.curves import MOST, read_curves
from pilothouse.tracking.smoothing import smooth

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def add(store: Store, run_id: str, key: str, values: list[float], seconds: float = 1.0) -> None:
    """Put a run with one metric straight into the store, as a journal of a million lines would be slow."""
    with store.transaction() as tx:
        if not tx.value("SELECT count(*) FROM runs WHERE run_id = ?", [run_id]):
            tx.insert("runs", [{"run_id": run_id, "name": run_id, "status": "FINISHED", "started_at": BEGAN}])
        tx.execute(
            "INSERT INTO metric_points SELECT ?, ?, n, value, ?::TIMESTAMP + to_milliseconds(n * ?)"
            " FROM (SELECT unnest(range(len(?::DOUBLE[]))) AS n, unnest(?::DOUBLE[]) AS value)",
            [run_id, key, BEGAN.replace(tzinfo=None), int(seconds * 1000), values, values],
        )


def test_a_short_curve_comes_as_it_is(store: Store) -> None:
    add(store, "one", "loss", [3.0, math.nan, 1.0], seconds=2.5)
    add(store, "two", "loss", [5.0])
    found = read_curves(store, ["one", "two", "none"], ["loss", "never"])
    assert set(found) == {("one", "loss"), ("two", "loss")}
    curve = found["one", "loss"]
    assert [x for x, _ in curve.points] == [0, 1, 2]
    assert math.isnan(curve.points[1][1])
    assert (curve.count, curve.thinned, curve.means) == (3, False, ())
    by_time = read_curves(store, ["one"], ["loss"], by="time")["one", "loss"]
    assert [x for x, _ in by_time.points] == [0.0, 2.5, 5.0]
    assert read_curves(store, [], ["loss"]) == {}


def test_hostile_keys_are_only_keys(store: Store) -> None:
    key = "'; DROP TABLE runs; --\n[red]"
    add(store, "one", key, [1.0, 2.0])
    assert read_curves(store, ["one"], [key])["one", key].points == ((0.0, 1.0), (1.0, 2.0))


@pytest.fixture(scope="module")
def noisy() -> list[float]:
    chance = random.Random(4)
    values = [math.sin(n / 9_000) + chance.gauss(0, 0.1) for n in range(50_000)]
    values[31_234], values[40_000], values[45_000] = 99.0, -99.0, math.inf
    return values


def test_a_long_curve_keeps_its_extremes_its_ends_and_its_gaps(store: Store, noisy: list[float]) -> None:
    add(store, "one", "loss", noisy)
    curve = read_curves(store, ["one"], ["loss"])["one", "loss"]
    assert curve.thinned
    assert curve.count == 50_000
    assert len(curve.points) <= 2 * MOST
    assert {(31_234.0, 99.0), (40_000.0, -99.0), (45_000.0, math.inf)} <= set(curve.points)
    assert curve.points[0] == (0.0, noisy[0])
    assert curve.points[-1] == (49_999.0, noisy[-1])
    assert [x for x, _ in curve.points] == sorted(x for x, _ in curve.points)
    assert sum(count for _, _, count in curve.means) == 49_999


def test_a_window_of_a_long_curve_is_read_finely(store: Store, noisy: list[float]) -> None:
    add(store, "one", "loss", noisy)
    curve = read_curves(store, ["one"], ["loss"], low=10_000.0, high=10_500.0)["one", "loss"]
    inside = [point for point in curve.points if 10_000 <= point[0] <= 10_500]
    assert inside == [(float(n), noisy[n]) for n in range(10_000, 10_501)]
    assert curve.points[0] == (0.0, noisy[0])
    assert curve.points[-1] == (49_999.0, noisy[-1])
    assert len(curve.points) <= 3 * MOST


def test_the_means_are_smoothed_as_the_whole_would_be(store: Store, noisy: list[float]) -> None:
    calm = [value if abs(value) < 5 else 0.0 for value in noisy]
    add(store, "one", "loss", calm)
    curve = read_curves(store, ["one"], ["loss"])["one", "loss"]
    truth = smooth(calm, 0.99)
    got = smooth([mean for _, mean, _ in curve.means], 0.99, [count for _, _, count in curve.means])
    for (x, _, _), value in list(zip(curve.means, got, strict=True))[50::100]:
        assert value == pytest.approx(truth[int(x)], abs=0.12)


def test_another_runs_long_curve_does_not_thin_a_short_one(store: Store, noisy: list[float]) -> None:
    add(store, "long", "loss", noisy)
    add(store, "short", "loss", [1.0, 2.0])
    found = read_curves(store, ["long", "short"], ["loss"])
    assert found["short", "loss"].points == ((0.0, 1.0), (1.0, 2.0))
    assert found["long", "loss"].thinned


def test_points_out_of_order_are_ordered(store: Store) -> None:
    with store.transaction() as tx:
        tx.insert("runs", [{"run_id": "one", "name": "one", "status": "FINISHED", "started_at": BEGAN}])
        tx.insert(
            "metric_points",
            [
                {
                    "run_id": "one",
                    "key": "m",
                    "step": step,
                    "value": float(step),
                    "recorded_at": BEGAN + timedelta(seconds=9 - step),
                }
                for step in (3, 1, 2)
            ],
        )
    assert [x for x, _ in read_curves(store, ["one"], ["m"])["one", "m"].points] == [1, 2, 3]
    by_time = read_curves(store, ["one"], ["m"], by="time")["one", "m"].points
    assert by_time == ((6.0, 3.0), (7.0, 2.0), (8.0, 1.0))
