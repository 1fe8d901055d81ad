"""Judging a fitted pipeline on the rows that were held out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pilothouse.config import BusinessMetric
from pilothouse.data.engine import connect
from pilothouse.data.reading import literal
from pilothouse.registry.business import compute_business
from pilothouse.registry.evaluation import outcomes_table
from pilothouse.registry.frames import with_features
from pilothouse.registry.model import Outputs, second_class
from pilothouse.registry.scoring import binary_metrics, multiclass_metrics, one_row_p99, regression_metrics
from pilothouse.training.curve import codes_of
from pilothouse.training.examples import Examples
from pilothouse.training.scoring import binary_curves, confusion, residual_summary


def judge(
    pipeline: Any, threshold: float | None, examples: Examples
) -> tuple[dict[str, float], dict[str, Any]]:
    """Metrics of a fitted pipeline on the holdout, and curves to look at.

    Args:
        pipeline: takes the inputs of `examples`.
        threshold: of two classes, where a row counts as positive; None otherwise.
        examples: has the holdout.
    """
    rows = examples.split.holdout
    inputs, target = examples.inputs.iloc[rows], examples.target[rows]
    curves: dict[str, Any]
    if not examples.classes:
        predicted = pipeline.predict(inputs)
        metrics = regression_metrics(target, predicted)
        curves = {"residuals": residual_summary(target, predicted)}
    else:
        probability = pipeline.predict_proba(inputs)
        codes = codes_of(target, examples.classes)
        labels = [str(value) for value in examples.classes]
        if threshold is not None:
            metrics = binary_metrics(codes == 1, probability[:, 1], threshold)
            curves = binary_curves(codes == 1, probability[:, 1])
            chosen = second_class(probability[:, 1], threshold)
        else:
            metrics = multiclass_metrics(codes, probability)
            curves = {}
            chosen = probability.argmax(axis=1)
        curves["confusion"] = confusion(codes, chosen, labels)
    predict = pipeline.predict_proba if examples.classes else pipeline.predict
    metrics["p99_ms"] = one_row_p99(_from_requests(predict, examples), examples.requests.iloc[rows])
    return metrics, curves


def business_on_holdout(
    pipeline: Any,
    threshold: float | None,
    examples: Examples,
    business: Mapping[str, BusinessMetric],
    troubles: dict[str, str],
) -> dict[str, float]:
    """Business metrics of a fitted pipeline on the holdout; what is wrong with one goes into `troubles`."""
    if not business:
        return {}
    rows = examples.split.holdout
    inputs = examples.inputs.iloc[rows]
    table = examples.table.iloc[rows].reset_index(drop=True)
    outcomes = outcomes_table(table, _answers(pipeline, threshold, examples, inputs))
    return compute_business(outcomes, business, troubles)


def _answers(pipeline: Any, threshold: float | None, examples: Examples, inputs: Any) -> Outputs:
    """What the version will answer to rows."""
    if len(examples.classes) != 2:
        return Outputs(list(pipeline.predict(inputs).tolist()))
    likely = pipeline.predict_proba(inputs)[:, 1]
    codes = second_class(likely, threshold).tolist()
    return Outputs([examples.classes[code] for code in codes], likely.tolist())


def _from_requests(predict: Callable[[Any], Any], examples: Examples) -> Callable[[Any], Any]:
    """What answers a request: the features that views make are a part of the time it takes."""
    views = examples.views
    return predict if views is None else lambda rows: predict(with_features(rows, views)[0])


def write_holdout(path: Path, pipeline: Any, threshold: float | None, examples: Examples) -> None:
    """The holdout's rows with every column and what the model says of them."""
    rows = examples.split.holdout
    table = examples.table.iloc[rows].reset_index(drop=True)
    inputs = examples.inputs.iloc[rows].reset_index(drop=True)
    for name in inputs.columns:
        if inputs[name].dtype == "float64" and table[name].dtype.kind == "f":
            table[name] = inputs[name]  # without infinities, as the model saw it
    taken = {str(name).lower() for name in table.columns}
    told = _answers(pipeline, threshold, examples, inputs)
    answers = {"prediction": told.predictions}
    if told.probabilities is not None:
        answers["probability"] = told.probabilities
    for name, values in answers.items():
        while name in taken:
            name += "_"
        table[name] = values
    with connect() as con:
        con.register("holdout_rows", table)
        con.execute(f"COPY (SELECT * FROM holdout_rows) TO {literal(str(path))} (FORMAT parquet)")
