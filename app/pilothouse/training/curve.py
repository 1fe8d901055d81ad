"""A learning curve: how a model that is still growing does on some rows of either side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pilothouse.registry.scoring import Numbers, log_loss, multiclass_metrics, regression_metrics

SAMPLE = 10_000  # rows a side at most: looking must cost little beside fitting


class Curve:
    """The rows that a growing estimator is scored on, and the scores.

    Args:
        sides: prepared inputs and targets by the name of the side, such as "train".
        classes: in sorted order; empty for a regression.
        seed: of the sample.
        most: rows a side at most.
    """

    def __init__(
        self,
        sides: dict[str, tuple[Any, NDArray[Any]]],
        classes: tuple[Any, ...],
        seed: int,
        most: int = SAMPLE,
    ) -> None:
        self.classes = classes
        self.metric = "log_loss" if classes else "rmse"
        draw = np.random.default_rng(seed)
        self.sides: dict[str, tuple[Any, NDArray[Any]]] = {}
        for name, (inputs, target) in sides.items():
            rows = np.sort(draw.permutation(len(target))[:most])
            self.sides[name] = (inputs[rows], target[rows])

    def point(self, estimator: Any) -> dict[str, float]:
        """Loss by side: `train_log_loss` and the like, or `train_rmse`."""
        return {
            f"{name}_{self.metric}": self.loss(target, self.outputs(estimator, inputs))
            for name, (inputs, target) in self.sides.items()
        }

    def outputs(self, estimator: Any, inputs: Any) -> Numbers:
        """Probabilities of shape (n, classes), or predicted numbers of shape (n,)."""
        found: Numbers = estimator.predict_proba(inputs) if self.classes else estimator.predict(inputs)
        return found

    def loss(self, target: NDArray[Any], outputs: Numbers) -> float:
        """Log loss of probabilities, or the root mean squared error of numbers."""
        if not self.classes:
            return regression_metrics(target, outputs)["rmse"]
        if len(self.classes) == 2:
            return log_loss(target == self.classes[1], outputs[:, 1])
        return multiclass_metrics(codes_of(target, self.classes), outputs)["log_loss"]


def codes_of(target: NDArray[Any], classes: tuple[Any, ...]) -> NDArray[np.intp]:
    """The position of each target in `classes`."""
    position = {value: code for code, value in enumerate(classes)}
    return np.array([position[value] for value in target.tolist()], dtype=np.intp)
