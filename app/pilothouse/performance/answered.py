"""What a model says of some rows, beside what turned out to be true of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pilothouse.comparing.answers import Answers
from pilothouse.comparing.questions import Question
from pilothouse.comparing.resampling import Measure
from pilothouse.config import ModelConfig
from pilothouse.data.spelling import pair_of
from pilothouse.registry.evaluation import class_codes, codes_where_known
from pilothouse.registry.frames import canonical_frame
from pilothouse.registry.model import LoadedModel

Floats = NDArray[np.float64]
FIRST = {"binary": "roc_auc", "multiclass": "log_loss", "labels": "accuracy", "regression": "rmse"}
"""The metric that a kind of model is judged by first, where no gate names one."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A model's answers to n rows.

    Attributes:
        kind: binary, multiclass, labels or regression.
        said: probabilities of the second class (n,), of every class (n, k), positions of classes (n,), or
            numbers (n,).
        truth: whether positive (bool), positions of classes or numbers, shape (n,); only where `known`.
        known: which rows have a label, shape (n,).
        threshold: of two classes, from where a row counts as positive.
        classes: of a classification.
        table: every column of the rows.
        strange: what the first labels are that no class or number is meant by, and how many there are; their
            rows count as having none.
    """

    kind: str
    said: NDArray[Any]
    truth: NDArray[Any]
    known: NDArray[np.bool_]
    threshold: float
    classes: tuple[Any, ...]
    table: pd.DataFrame
    question: Question
    strange: tuple[str, int] = ("", 0)

    @property
    def labelled(self) -> Answered:
        """The rows that have a label, alone."""
        return self if self.known.all() else self.rows(np.flatnonzero(self.known))

    def rows(self, places: NDArray[np.intp]) -> Answered:
        """Return some of the rows."""
        table = self.table.iloc[places].reset_index(drop=True)
        return Answered(
            self.kind, self.said[places], self.truth[places], self.known[places], self.threshold,
            self.classes, table, self.question,
        )  # fmt: skip

    def judged(self) -> Answers:
        """Return the same as the comparison takes it: one model, rows with labels only."""
        one = self.labelled
        return Answers(
            indexes=(0,), kind=one.kind, truth=one.truth, said=(one.said,), thresholds=(one.threshold,),
            table=one.table, question=one.question, where="", left_out=(),
        )  # fmt: skip

    def measure(self, only: str = "") -> Measure:
        """Return what measures the rows with labels."""
        return self.judged().measure(0, only)


def answer_rows(
    model: LoadedModel, table: pd.DataFrame, config: ModelConfig, where: str = "The holdout"
) -> Answered:
    """Let a model answer rows.

    Args:
        model: the version.
        table: shape (n, columns), with at least its inputs; the target may be missing, in part or wholly.
        config: tells target, task, time and id.
        where: whose rows they are, for the error.

    Raises:
        PilothouseError: an input is missing, or every label is of a class that the model has never seen.
    """
    answers = model.predict(canonical_frame(model.signature, table))
    target = table[config.target] if config.target in table.columns else pd.Series([None] * len(table))
    known = target.notna().to_numpy()
    roles = tuple(one for one in (config.data.time, config.data.id, *config.data.exclude) if one)
    question = Question(config.target, config.task, config.data.time, roles)
    classes = tuple(model.classes or ())
    if config.task == "regression":
        truth = pd.to_numeric(target, errors="coerce").to_numpy("float64", na_value=np.nan)
        strange = _strange(target, known & ~np.isfinite(truth))
        said = np.asarray(answers.predictions, dtype="float64")
        known = known & np.isfinite(truth)
        return Answered("regression", said, truth, known, 0.5, (), table, question, strange)
    codes = np.full(len(table), -1, dtype=np.intp)
    codes[known] = codes_where_known(target[known], list(classes))
    strange = _strange(target, known & (codes < 0))
    if strange[1] and not (codes >= 0).any():
        class_codes(target[known], list(classes), where)
    known = known & (codes >= 0)
    if known.any() and pair_of(classes) and config.target in table.columns:
        # Whoever reads the table finds the model's own classes in it, as in its predictions.
        said_so = [classes[code] if there else None for code, there in zip(codes, known, strict=True)]
        table = table.assign(
            **{config.target: pd.Series(said_so, index=table.index, dtype=object).infer_objects()}
        )
    if answers.probabilities is None:
        chosen = class_codes(answers.predictions, list(classes))
        return Answered("labels", chosen, codes, known, 0.5, classes, table, question, strange)
    probability = np.asarray(answers.probabilities, dtype="float64")
    if probability.ndim == 1:
        return Answered(
            "binary", probability, codes == 1, known, model.threshold, classes, table, question, strange
        )
    return Answered("multiclass", probability, codes, known, 0.5, classes, table, question, strange)


def _strange(target: Any, where: NDArray[np.bool_]) -> tuple[str, int]:
    return (str(target[where].iloc[0])[:60], int(where.sum())) if where.any() else ("", 0)
