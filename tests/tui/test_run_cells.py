"""What stands in the columns of the list of runs, and how many digits."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.tracking.digests import MetricSummary
from pilothouse.tracking.layouts import LayoutColumn, TableLayout
from pilothouse.tracking.runs import Run
from pilothouse.tracking.search.nodes import Field
from pilothouse.tui.screens.run_rows import run_words
from pilothouse.tui.screens.runs.columns import RunColumns, common_digits, with_digits
from pilothouse.tui.text import moment

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def run(number: int, params: dict[str, str] | None = None, **metrics: float) -> Run:
    return Run(
        f"run{number}", "n", "m", "api", "", "python x.py", "FINISHED", NOW, NOW, 0, None, "", "", "",
        params=params or {}, metrics=metrics,
        summaries={key: MetricSummary(value, value - 1, value + 1, 1, 2) for key, value in metrics.items()},
    )  # fmt: skip


def cells(runs: list[Run], *fields: Field) -> list[tuple[str, ...]]:
    columns = RunColumns(TableLayout(tuple(map(LayoutColumn, fields))))
    columns.learn(runs)
    return [columns.row(one, NOW).cells for one in runs]


def test_a_duration_is_never_parted_from_its_unit() -> None:
    took = replace(run(1), ended_at=NOW + timedelta(seconds=9.9), recipe="hist_gradient_boosting")
    one = replace(took, dataset_version="6ab474204663")
    broad = run_words(one, NOW, 45).plain.splitlines()
    assert [text for text in broad if text.startswith(("started", "recipe"))] == [
        f"started  {moment(NOW)}  took 9.9 s",
        "recipe   hist_gradient_boosting",
    ]
    narrow = run_words(one, NOW, 39).plain.splitlines()
    assert narrow[-4:] == [
        f"started  {moment(NOW)}",
        "took     9.9 s",
        "recipe   hist_gradient_boosting",
        "data     6ab474204663",
    ]


def test_a_column_has_one_precision() -> None:
    auc = Field("metrics", "auc")
    assert cells([run(1, auc=0.5), run(2, auc=1.25)], auc) == [("0.5000",), ("1.2500",)]
    assert cells([run(1, auc=12.5), run(2, auc=1.0)], auc) == [("12.50",), ("1.00",)]
    assert cells([run(1, auc=41208.0), run(2, auc=7.0)], auc) == [("41,208",), ("7",)]
    assert cells([run(1, auc=3e-7), run(2, auc=1e-9)], auc) == [("3.00e-07",), ("1.00e-09",)]
    assert cells([run(1, auc=0.5), run(2)], auc) == [("0.5000",), ("–",)]
    assert cells([run(1, auc=math.nan), run(2, auc=-math.inf)], auc) == [("nan",), ("-inf",)]
    best = Field("metrics", "auc", "best")
    assert cells([run(1, auc=0.5)], best, Field("metrics", "auc", "min")) == [("1.5000", "-0.5000")]


def test_parameters_are_padded_and_never_rounded() -> None:
    lr = Field("params", "lr")
    assert cells([run(n, {"lr": text}) for n, text in enumerate(("0.1", "0.05", "1", "adam"))], lr) == [
        ("0.10",), ("0.05",), ("1.00",), ("adam",)
    ]  # fmt: skip
    assert cells([run(1, {"lr": "100"}), run(2, {"lr": "20"})], lr) == [("100",), ("20",)]
    assert cells([run(1, {"lr": "1.5"}), run(2, {"lr": "1e-3"})], lr) == [("1.5",), ("1e-3",)]


def test_numbers_stand_at_the_right() -> None:
    columns = RunColumns(TableLayout())
    columns.learn([run(1, {"lr": "0.1", "kind": "x"}, auc=0.5)])
    aligned = {column.label: column.align for column in columns.columns(Field("metrics", "auc"), True)}
    assert aligned["auc"] == aligned["lr"] == aligned["took"] == "right"
    assert aligned["kind"] == aligned["name"] == "left"


@given(
    st.lists(
        st.floats(-1e300, 1e300) | st.floats(1e-6, 1e-2) | st.sampled_from([math.nan, math.inf]), min_size=1
    )
)
def test_no_number_is_drawn_as_another(values: list[float]) -> None:
    digits = common_digits(values)
    for value in values:
        text = with_digits(value, digits)
        if not math.isfinite(value):
            assert text in ("nan", "inf", "-inf")
            continue
        read = float(text.replace(",", ""))
        assert abs(read - value) <= abs(value) * 0.1
