"""What each model says of the rows that all are judged on: kept predictions, or the bundle asked again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pilothouse.comparing.questions import Question, question_of
from pilothouse.comparing.resampling import Measure, binary, labels, multiclass, regression
from pilothouse.comparing.shared_rows import Holdout, holdout_of, share_rows
from pilothouse.comparing.subjects import Subject
from pilothouse.errors import PilothouseError
from pilothouse.registry.evaluation import class_codes, read_holdout
from pilothouse.store import Store
from pilothouse.workspace import Workspace

MOST_ROWS = 200_000
"""Of more rows, so many are drawn once by chance: thousands of resamples of all would take minutes."""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of some models to n rows.

    Attributes:
        indexes: which of the subjects answered, in their order.
        kind: binary, multiclass, labels or regression.
        truth: whether positive (bool), positions of classes (int) or numbers, shape (n,).
        said: of each: probabilities of the second class (n,), of every class (n, k), positions of classes
            (n,), or numbers (n,).
        thresholds: of each, from where a row counts as positive.
        table: every column of the rows.
        left_out: label and reason of each subject that did not answer.
    """

    indexes: tuple[int, ...]
    kind: str
    truth: NDArray[Any]
    said: tuple[NDArray[Any], ...]
    thresholds: tuple[float, ...]
    table: pd.DataFrame
    question: Question
    where: str
    left_out: tuple[tuple[str, str], ...]
    sampled_from: int = 0

    def measure(self, n: int, only: str = "", rows: NDArray[np.intp] | None = None) -> Measure:
        """Return what measures the n-th that answered, on some of the rows or on all."""
        truth, said = self.truth, self.said[n]
        if rows is not None:
            truth, said = truth[rows], said[rows]
        if self.kind == "regression":
            return regression(truth, said, only)
        if self.kind == "labels":
            return labels(truth, said)
        if self.kind == "multiclass":
            return multiclass(truth, said, only)
        return binary(truth, said, self.thresholds[n], only)


def answer(workspace: Workspace, store: Store, subjects: Sequence[Subject], tell: Tell) -> Answers:
    """Let every subject answer the rows that none of them learned from.

    Raises:
        PilothouseError: the baseline cannot be judged, or nothing can be judged beside it; it says why.
    """
    tell("Looking for rows that none of them learned from")
    holdouts: dict[int, Holdout] = {}
    left_out: dict[int, str] = {}
    questions = [question_of(workspace, subject) for subject in subjects]
    for n, subject in enumerate(subjects):
        asked, base = questions[n], questions[0]
        if asked is None:
            left_out[n] = "Nothing says what its target is."
        elif base is not None and (asked.target, asked.task) != (base.target, base.task):
            left_out[n] = f"It answers another question: {asked.target} ({asked.task})."
        else:
            try:
                holdouts[n] = holdout_of(workspace, store, subject)
            except PilothouseError as error:
                left_out[n] = error.what
    _enough(subjects, holdouts, left_out)
    shared = share_rows(list(holdouts.values()))
    question = questions[0]
    assert question is not None
    files = {one.label: one for one in holdouts.values()}
    table = read_holdout(shared.path)
    if question.target not in table.columns:
        raise PilothouseError(f"The holdout has no column {question.target!r}, the target.")
    kept = shared.kept[table[question.target].notna().to_numpy()[shared.kept]]
    available = len(kept)
    if available > MOST_ROWS:
        kept = np.sort(np.random.default_rng(0).choice(kept, MOST_ROWS, replace=False))
    rows = table.iloc[kept].reset_index(drop=True)
    replies: dict[int, _Reply] = {}
    for n in holdouts:
        label = subjects[n].label
        try:
            stored = None
            if label in shared.own:
                own = table if files[label].path == shared.path else read_holdout(files[label].path)
                stored = _stored(own.iloc[kept].reset_index(drop=True), question, files[label])
            if stored is None or stored.kind == "labels":
                tell(f"{label} answers {len(rows):,} rows")
                stored = _ask(subjects[n], rows, question, stored)
            replies[n] = stored
        except PilothouseError as error:
            left_out[n] = error.what
    first = replies.get(0)
    for n, reply in list(replies.items()):
        if first is not None and (reply.kind, reply.classes) != (first.kind, first.classes):
            left_out[n] = "It knows other classes than the baseline, or gives no probabilities."
            del replies[n]
    _enough(subjects, replies, left_out)
    order = sorted(replies)
    return Answers(
        indexes=tuple(order),
        kind=replies[0].kind,
        truth=replies[0].truth,
        said=tuple(replies[n].said for n in order),
        thresholds=tuple(_threshold(subjects[n]) for n in order),
        table=rows,
        question=question,
        where=shared.where,
        left_out=tuple((subjects[n].label, why) for n, why in sorted(left_out.items())),
        sampled_from=available if available > len(rows) else 0,
    )


@dataclass(frozen=True, slots=True)
class _Reply:
    kind: str
    truth: NDArray[Any]
    said: NDArray[Any]
    classes: tuple[str, ...] = ()


def _enough(subjects: Sequence[Subject], there: dict[int, Any], left_out: dict[int, str]) -> None:
    if 0 not in there:
        raise PilothouseError(f"The baseline {subjects[0].label} cannot be judged again. {left_out[0]}")
    if len(there) < 2:
        why = "; ".join(f"{subjects[n].label}: {said}" for n, said in sorted(left_out.items()))
        raise PilothouseError(f"Nothing can be judged beside {subjects[0].label}. {why}")


def _threshold(subject: Subject) -> float:
    kept = subject.version.metrics if subject.version else subject.run.metrics
    found = kept.get("threshold", subject.run.metrics.get("threshold"))
    return float(found) if isinstance(found, int | float) else 0.5


def _stored(table: pd.DataFrame, question: Question, holdout: Holdout) -> _Reply | None:
    """Take the predictions that the run wrote beside its holdout; None if they do not say enough."""
    added = [str(name) for name in table.columns if holdout.schema.column(str(name)) is None]
    prediction = next((name for name in added if name.rstrip("_") == "prediction"), None)
    probability = next((name for name in added if name.rstrip("_") == "probability"), None)
    if prediction is None or table[prediction].isna().any():
        return None
    target = table[question.target]
    if question.task == "regression":
        return _Reply("regression", target.to_numpy("float64"), table[prediction].to_numpy("float64"))
    classes = sorted(
        set(target.tolist()) | set(table[prediction].tolist()), key=lambda value: (str(type(value)), value)
    )
    names = tuple(str(value) for value in classes)
    if probability is None or len(classes) != 2 or table[probability].isna().any():
        return _Reply("labels", class_codes(target, classes), class_codes(table[prediction], classes), names)
    return _Reply("binary", class_codes(target, classes) == 1, table[probability].to_numpy("float64"), names)


def _ask(subject: Subject, rows: pd.DataFrame, question: Question, stored: _Reply | None) -> _Reply:
    """Load the bundle and let it answer; without one, what was stored must do.

    Raises:
        PilothouseError: there is neither.
    """
    version = subject.version
    if version is None:
        if stored is not None:
            return stored
        raise PilothouseError("It is no registered version, so its model cannot answer other rows.")
    from pilothouse.registry.bundle import load_version
    from pilothouse.registry.frames import canonical_frame

    model = load_version(version)
    answers = model.predict(canonical_frame(model.signature, rows))
    target = rows[question.target]
    if question.task == "regression":
        return _Reply(
            "regression", target.to_numpy("float64"), np.asarray(answers.predictions, dtype="float64")
        )
    classes = model.classes or []
    names, codes = tuple(str(value) for value in classes), class_codes(target, classes)
    if answers.probabilities is None:
        return _Reply("labels", codes, class_codes(answers.predictions, classes), names)
    probability = np.asarray(answers.probabilities, dtype="float64")
    if probability.ndim == 1:
        return _Reply("binary", codes == 1, probability, names)
    return _Reply("multiclass", codes, probability, names)
