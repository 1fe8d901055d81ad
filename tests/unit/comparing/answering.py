"""Models that answered, made of arrays: what the tests of intervals and slices are about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from pilothouse.comparing.answers import Answers
from pilothouse.comparing.questions import Question
from pilothouse.comparing.subjects import Subject
from pilothouse.tracking.runs import Run

BEGAN = datetime(2024, 1, 1, tzinfo=UTC)


def subject(label: str, **how: Any) -> Subject:
    run = Run(
        run_id=how.pop("run_id", f"{label}0run"[:12]), name=label, model="late", kind="recipe",
        recipe="logistic", command="", status="FINISHED",
        started_at=BEGAN, ended_at=BEGAN + timedelta(seconds=9), exit_code=0,
        progress=None, progress_text="", dataset_version="", reason="", **how,
    )  # fmt: skip
    return Subject(label, run)


def subjects(count: int) -> tuple[Subject, ...]:
    return tuple(subject(f"v{n + 1}") for n in range(count))


def answers(
    kind: str, truth: Any, *said: Any, table: pd.DataFrame | None = None, time: str | None = None
) -> Answers:
    rows = pd.DataFrame({"n": np.arange(len(truth))}) if table is None else table
    task = "regression" if kind == "regression" else "classification"
    return Answers(
        indexes=tuple(range(len(said))), kind=kind, truth=np.asarray(truth),
        said=tuple(map(np.asarray, said)), thresholds=(0.5,) * len(said), table=rows,
        question=Question("y", task, time, ()),
        where="the holdout that they share", left_out=(),
    )  # fmt: skip
