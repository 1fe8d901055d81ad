"""Pilothouse: steer machine-learning models from one terminal, offline.

In a training script::

    import pilothouse as ph

    with ph.start_run(params={"lr": 0.1}) as run:
        run.log_metric("loss", 0.3, step=1)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pilothouse.tracking.active import ActiveRun
from pilothouse.tracking.logging import active_run, end_run, start_run
from pilothouse.tracking.writer import MetricPoint

__version__ = "0.1.0"
__all__ = [
    "ActiveRun",
    "active_run",
    "autolog",
    "end_run",
    "log_artifact",
    "log_artifacts",
    "log_batch",
    "log_dict",
    "log_metric",
    "log_metrics",
    "log_model",
    "log_param",
    "log_params",
    "log_text",
    "note",
    "progress",
    "set_tags",
    "start_run",
]


def autolog(*, disable: bool = False) -> None:
    """Record every `fit` of scikit-learn from now on: estimator, params, training score, duration.

    The outermost fit counts: what a pipeline or a search fits inside is theirs. Inside an open run it is
    recorded there, otherwise it is a run of its own. Results are never changed.

    Args:
        disable: stop recording.
    """
    from pilothouse.tracking.autolog import switch_autolog

    switch_autolog(on=not disable)


def log_param(key: str, value: Any) -> None:
    """Record one parameter of the open run."""
    active_run().log_param(key, value)


def log_params(params: Mapping[str, Any]) -> None:
    """Record parameters of the open run."""
    active_run().log_params(params)


def log_metric(
    key: str, value: float, step: int | None = None, *, at: datetime | float | None = None
) -> None:
    """Record one point of a metric of the open run."""
    active_run().log_metric(key, value, step, at=at)


def log_metrics(
    metrics: Mapping[str, float], step: int | None = None, *, at: datetime | float | None = None
) -> None:
    """Record a point of several metrics of the open run."""
    active_run().log_metrics(metrics, step, at=at)


def log_batch(points: Iterable[MetricPoint]) -> None:
    """Record many points of the open run at once: tuples of key, value, step, and a time if there is one."""
    active_run().log_batch(points)


def set_tags(tags: Mapping[str, str]) -> None:
    """Record tags of the open run."""
    active_run().set_tags(tags)


def note(text: str) -> None:
    """Write the note of the open run."""
    active_run().note(text)


def progress(fraction: float | None, text: str = "") -> None:
    """Say how far the open run is, from 0 to 1, and what it is doing."""
    active_run().progress(fraction, text)


def log_artifact(path: str | Path, name: str | None = None) -> Path:
    """Keep a file or folder with the open run."""
    return active_run().log_artifact(path, name)


def log_artifacts(folder: str | Path, name: str = "") -> list[Path]:
    """Keep everything in a folder with the open run."""
    return active_run().log_artifacts(folder, name)


def log_text(text: str, name: str) -> Path:
    """Keep a text as an artifact of the open run."""
    return active_run().log_text(text, name)


def log_dict(content: Mapping[str, Any] | list[Any], name: str) -> Path:
    """Keep plain data as a JSON artifact of the open run."""
    return active_run().log_dict(content, name)


def log_model(model: Any, sample: Any, *, metrics: Mapping[str, float] | None = None) -> Path:
    """Keep a fitted scikit-learn model with the open run, ready for `pilothouse register`.

    Args:
        model: anything with `predict` that joblib can write.
        sample: a DataFrame of some rows of its input; it becomes the signature and the probe.
        metrics: what the version is judged by; the run's own last values count too.
    """
    # The registry needs scikit-learn, which a script that logs a model has loaded anyway.
    from pilothouse.registry.logged_models import keep_model

    kept: Path = keep_model(active_run(), model, sample, metrics or {})
    return kept
