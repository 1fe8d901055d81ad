"""Curves on the shared rows, and what slices say where there are rows enough."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from answering import answers, subjects
from sklearn.metrics import roc_auc_score

from pilothouse.comparing.curves import (
    answered_curves,
    read_steps,
    residual_points,
    roc_points,
    short_curves,
    step_curves,
)
from pilothouse.comparing.findings import BETTER, UNDECIDED
from pilothouse.comparing.slices import slice_rows
from pilothouse.comparing.subjects import find_subjects
from pilothouse.store import open_store
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace


@pytest.mark.parametrize("ties", [0, 1])
def test_a_thinned_roc_curve_has_the_area_of_the_whole(ties: int) -> None:
    chance = np.random.default_rng(1)
    positive = chance.random(3000) < 0.3
    score = 0.3 * positive + chance.random(3000)
    score = np.round(score, ties) if ties else score
    points = roc_points(positive, score)
    assert len(points) <= 200
    assert (points[0], points[-1]) == ((0.0, 0.0), (1.0, 1.0))
    x, y = (np.array(column) for column in zip(*points, strict=True))
    assert (np.diff(x) >= 0).all()
    assert np.trapezoid(y, x) == pytest.approx(roc_auc_score(positive, score), abs=0.005)
    assert roc_points(np.ones(5, bool), np.arange(5.0)) == ()


def test_quantiles_of_the_errors() -> None:
    chance = np.random.default_rng(2)
    truth = chance.normal(size=5000)
    points = residual_points(truth, truth + 2)
    assert [round(y, 9) for _, y in points] == [2.0] * 99
    curve = answered_curves(answers("regression", truth, truth, truth + 1), subjects(2))[0]
    assert curve.name == "residuals"
    assert curve.points[1][49] == (50.0, pytest.approx(1.0))
    assert answered_curves(answers("labels", truth > 0, truth > 0), subjects(1)) == ()


def test_a_spike_among_many_points_is_in_every_curve_of_it(workspace: Workspace) -> None:
    ids = []
    for peak in (9_911, 3_003):
        writer = open_run(workspace, RunStart(kind="api", status="RUNNING"), hold=True)
        for step in range(10_000):
            writer.log_metrics({"loss": 99.0 if step == peak else 1.0 + step % 7}, step)
        writer.log_metrics({"gap": math.nan, "once": 1.0}, 0)
        writer.log_metrics({"gap": 2.0}, 1)
        writer.end("FINISHED", 0)
        ids.append(writer.run_id)
    store = open_store(workspace)
    subjects_ = find_subjects(store, ids)
    read = read_steps(store, subjects_)
    drawn = {curve.name: curve for curve in step_curves(read, subjects_)}
    assert sorted(drawn) == ["gap", "loss"], "a single point is no curve"
    assert math.isnan(drawn["gap"].points[0][0][1]), "it breaks the line"
    written = {curve.name: curve for curve in short_curves(tuple(drawn.values()))}
    assert written["gap"].points == (((1.0, 2.0),), ((1.0, 2.0),))
    for curve, most in ((drawn["loss"], 6_000), (written["loss"], 300)):
        assert [max(points, key=lambda point: point[1]) for points in curve.points] == [
            (9_911.0, 99.0),
            (3_003.0, 99.0),
        ]
        assert all(len(points) <= most for points in curve.points)
    # Smoothed are the means, not the extremes that stand in for ten points each.
    assert [sum(count for _, _, count in means) for means in drawn["loss"].means] == [10_000, 10_000]
    # What an ended run logged is read once.
    known = {place: replace(curve, count=-1) for place, curve in read.items()}
    again = read_steps(store, subjects_, known, ended={ids[0]})
    assert again[ids[0], "loss"].count == -1
    assert again[ids[1], "loss"].count == 10_000


def test_a_slice_in_which_the_second_is_better_is_found_and_the_others_are_not() -> None:
    chance = np.random.default_rng(3)
    place = np.repeat(["a", "b", "c", "few"], [600, 600, 600, 30])
    truth = chance.normal(size=len(place))
    one = truth + chance.normal(0, 1, len(place))
    two = truth + chance.normal(0, np.where(place == "b", 0.5, 1.0))
    said = answers("regression", truth, one, two, table=pd.DataFrame({"place": place}))
    column = slice_rows(said, subjects(2), None, ["place"]).columns[0]
    found = {part.name: part for part in column.slices}
    told = {name: part.intervals[1].verdict for name, part in found.items() if part.intervals[1] is not None}
    assert told == {"a": UNDECIDED, "b": BETTER, "c": UNDECIDED, "few": ""}
    assert column.slices[-1].name == "few"
    assert column.slices[-1].small
    assert column.level == pytest.approx(1 - 0.05 / 3)
    # Less of an error is better, so the worst is the largest.
    worst = [max(value for value in part.values if value is not None) for part in column.slices[:3]]
    assert worst == sorted(worst, reverse=True)


def test_the_slices_of_a_column_seldom_alarm_together_by_chance() -> None:
    chance = np.random.default_rng(4)
    alarms = 0
    for _ in range(40):
        place = chance.integers(0, 6, 600).astype(str)
        truth = np.zeros(600)
        said = answers("regression", truth, chance.normal(size=600), chance.normal(size=600),
                       table=pd.DataFrame({"place": place}))  # fmt: skip
        column = slice_rows(said, subjects(2), None, ["place"]).columns[0]
        alarms += any(
            part.intervals[1] is not None and part.intervals[1].verdict not in ("", UNDECIDED)
            for part in column.slices
        )
    assert alarms <= 6  # two are expected of forty
