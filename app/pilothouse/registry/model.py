"""A fitted pipeline in memory, and what it answers.

Of two classes a version answers with the one that its own threshold decides for. That is decided here and
nowhere else, from the probabilities that are there already: what is judged is what is served.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pilothouse.data.features.computing import FeatureRunner
from pilothouse.registry.byplace import by_place
from pilothouse.registry.frames import dtype_of, frame_of_rows, with_features
from pilothouse.registry.signature import Field, Row, Signature

_TOLERANCE = 1e-6
HALF = 0.5
"""From where a row of two classes counts as the second, where a version has no threshold of its own."""
# Their `predict` is the class of the largest probability, so one pass gives both.
_LARGEST_WINS = {
    "LogisticRegression",
    "RandomForestClassifier",
    "ExtraTreesClassifier",
    "HistGradientBoostingClassifier",
    "GradientBoostingClassifier",
}


@dataclass(frozen=True, slots=True)
class Outputs:
    """Answers to some rows, in order.

    `predictions` are numbers or class labels: of two classes with probabilities the one that the threshold
    decides for, otherwise what the pipeline's own `predict` gives. `probabilities` is None for a regression;
    of two classes it is the probability of the second; of more, one list a row in the order of the classes.
    `computed` has the features that views made of the rows, by name.
    """

    predictions: list[Any]
    probabilities: list[Any] | None = None
    computed: dict[str, list[Any]] | None = None

    def part(self, start: int, stop: int) -> Outputs:
        """Return the answers to rows `start` to `stop`."""
        return Outputs(
            self.predictions[start:stop],
            None if self.probabilities is None else self.probabilities[start:stop],
            self.computed and {name: values[start:stop] for name, values in self.computed.items()},
        )


def kept_threshold(metrics: Mapping[str, Any]) -> float | None:
    """Return the threshold that is kept with a version's metrics; None if there is none from 0 to 1."""
    found = metrics.get("threshold")
    return float(found) if isinstance(found, int | float) and 0 <= found <= 1 else None


def second_class(probability: Any, threshold: float | None) -> NDArray[np.intp]:
    """Say of which rows of two classes the second is the answer: 1, or 0 for the first; shape (n,).

    Args:
        probability: of the second class, shape (n,).
        threshold: from where on it counts; `HALF` without one.
    """
    chosen = np.asarray(probability) >= (HALF if threshold is None else threshold)
    return chosen.astype(np.intp)


class LoadedModel:
    """A pipeline with its signature, and the views that make features of its inputs, if it has some.

    Call it from one thread at a time. `features` may be changed for another runner of the same definition.
    `threshold` is that of two classes, from where a row counts as the second.
    """

    def __init__(
        self,
        estimator: Any,
        signature: Signature,
        features: FeatureRunner | None = None,
        threshold: float | None = None,
    ) -> None:
        _one_thread(estimator)
        self.estimator = estimator
        self.signature = signature
        self.features = features
        self.threshold = HALF if threshold is None else threshold
        classes = getattr(estimator, "classes_", None)
        self.classes: list[Any] | None = None if classes is None else np.asarray(classes).tolist()
        self._one_pass = type(_last_step(estimator)).__name__ in _LARGEST_WINS and _is_sklearn(
            _last_step(estimator)
        )
        self._by_place: Any = None
        self._with_probability = self.classes is not None and hasattr(estimator, "predict_proba")
        self._two = (
            np.asarray(classes) if self._with_probability and np.asarray(classes).shape == (2,) else None
        )

    def predict(self, frame: pd.DataFrame) -> Outputs:
        """Answer a table of shape (rows, inputs) that has the signature's columns and dtypes."""
        if self.features is None:
            return self._outputs(self.estimator, frame)
        whole, computed = with_features(frame, self.features)
        outputs = self._outputs(self.estimator, whole)
        return replace(outputs, computed={str(name): computed[name].tolist() for name in computed})

    def quicken(self, frame: pd.DataFrame) -> None:
        """From now on make no tables of rows, if that gives the very same answers to these.

        Args:
            frame: shape (rows, inputs), with the signature's columns and dtypes.
        """
        if self.features or any(dtype_of(field) != "float64" for field in self.signature.inputs):
            return
        twin = by_place(self.estimator, self.signature.names)
        if twin is None:
            return
        try:
            same = self._outputs(twin, np.asfortranarray(frame.to_numpy())) == self.predict(frame)
        except (ValueError, TypeError, IndexError, AttributeError):
            # A part that wants names after all: the table stays.
            return
        if same:
            self._by_place = twin

    def _outputs(self, estimator: Any, frame: Any) -> Outputs:
        if not self._with_probability:
            return Outputs(_plain(estimator.predict(frame)))
        probabilities = np.asarray(estimator.predict_proba(frame))
        if self._two is not None:
            likely = probabilities[:, 1]
            return Outputs(_plain(self._two[second_class(likely, self.threshold)]), likely.tolist())
        if self._one_pass:
            labels = np.asarray(estimator.classes_)[probabilities.argmax(axis=1)]
        else:
            labels = estimator.predict(frame)
        return Outputs(_plain(labels), probabilities.tolist())

    def as_fitted(self, frame: pd.DataFrame, answers: Outputs) -> Outputs:
        """Return answers to the same rows with the labels that the pipeline's own `predict` gives."""
        whole = frame if self.features is None else with_features(frame, self.features)[0]
        return replace(answers, predictions=_plain(self.estimator.predict(whole)))

    def predict_rows(self, rows: Sequence[Row]) -> Outputs:
        """Answer validated rows."""
        if self._by_place is not None:
            # By columns, as a table lies in memory: then sums are rounded alike.
            return self._outputs(self._by_place, np.array(rows, dtype="float64", order="F"))
        return self.predict(frame_of_rows(self.signature, rows))


def output_fields(model: Any, target_type: str) -> tuple[Field, ...]:
    """Describe what a fitted pipeline answers: `prediction`, and `probability` where it has one."""
    fields = [Field("prediction", target_type)]
    if hasattr(model, "classes_") and hasattr(model, "predict_proba"):
        fields.append(Field("probability", "double"))
    return tuple(fields)


def same_answers(left: Outputs, right: Outputs) -> bool:
    """Say whether two answers to the same rows agree: labels exactly, numbers within 1e-6 of their size."""
    return _same(left.predictions, right.predictions) and _same(left.probabilities, right.probabilities)


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return bool(left == right)


def _plain(values: Any) -> list[Any]:
    return list(np.asarray(values).ravel().tolist())


def _last_step(estimator: Any) -> Any:
    steps = getattr(estimator, "steps", None)
    return steps[-1][1] if steps else estimator


def _one_thread(estimator: Any) -> None:
    """Let every part work in the calling thread: sharing a few rows out costs more than predicting them."""
    if hasattr(estimator, "get_params"):
        try:
            threaded = [
                name
                for name, value in estimator.get_params().items()
                if _is_n_jobs(name) and value not in (None, 1)
            ]
            estimator.set_params(**dict.fromkeys(threaded, 1))
        except (TypeError, ValueError, AttributeError):
            # A class of the user's own that does not keep to scikit-learn's rules: it is left as it is.
            return


def _is_n_jobs(name: str) -> bool:
    return name == "n_jobs" or name.endswith("__n_jobs")


def _is_sklearn(estimator: Any) -> bool:
    return type(estimator).__module__.startswith("sklearn.")
