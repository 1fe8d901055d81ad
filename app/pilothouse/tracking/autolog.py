"""Recording scikit-learn's `fit` calls without a line of the script's own.

Every class that descends from `BaseEstimator` gets its `fit` wrapped: those that exist, and those that are
defined later. scikit-learn is not imported for it; if the script imports it, a finder of modules sees that.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import itertools
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from types import ModuleType
from typing import Any

from pilothouse.tracking.active import ActiveRun
from pilothouse.tracking.joining import RUN_DIR_VARIABLE
from pilothouse.tracking.logging import active_run, current_run, start_apart
from pilothouse.tracking.process_end import status_of

_BASE = "sklearn.base"
_WRAPPED = "_pilothouse_wrapped"
_MOST_PARAMS = 200
_MOST_TEXT = 500
_SCORED_ROWS = 10_000
"""Rows, taken evenly, that the training score is computed on; all of them if there are fewer."""


class _State:
    """Whether fits are recorded, whether classes are wrapped, and the numbers of fits by run."""

    on = False
    ready = False
    fits: dict[str, Iterator[int]]


_State.fits = {}


class _Fit:
    """A fit that is recorded: while it is under way, fits inside of it are its own work."""

    under_way = True


_fit: ContextVar[_Fit | None] = ContextVar("pilothouse_fit", default=None)
_STARTED_BY = "_pilothouse_fit"
"""On a thread: the fit that started it. A search hands its fits to threads, whose context is empty."""


def switch_autolog(*, on: bool) -> None:
    """Record fits from now on, or no more."""
    _State.on = on
    if not on or _State.ready:
        return
    _State.ready = True
    _watch_threads()
    module = sys.modules.get(_BASE)
    if module is not None and hasattr(module, "BaseEstimator"):
        _wrap_all(module)
    else:
        sys.meta_path.insert(0, _Finder())


def _watch_threads() -> None:
    start = threading.Thread.start

    @functools.wraps(start)
    def start_and_tell(self: threading.Thread) -> None:
        fit = _fit_around()
        if fit is not None:
            setattr(self, _STARTED_BY, fit)
        start(self)

    threading.Thread.start = start_and_tell  # type: ignore[method-assign]


def _fit_around() -> _Fit | None:
    """Return the fit that this one is the work of, or None."""
    for fit in (_fit.get(), getattr(threading.current_thread(), _STARTED_BY, None)):
        if fit is not None and fit.under_way:
            return fit
    return None


class _Finder(importlib.abc.MetaPathFinder):
    """Finds nothing itself; looks on when `sklearn.base` is imported."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != _BASE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            real = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                real(module)
                _wrap_all(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _wrap_all(module: ModuleType) -> None:
    base: Any = module.BaseEstimator
    for one in _descendants(base):
        _wrap(one)
    before = base.__init_subclass__.__func__

    def after(cls: type, /, **more: Any) -> None:
        before(cls, **more)
        _wrap(cls)

    base.__init_subclass__ = classmethod(after)


def _descendants(base: Any) -> Iterator[Any]:
    for one in base.__subclasses__():
        yield one
        yield from _descendants(one)


def _wrap(cls: Any) -> None:
    fit = cls.__dict__.get("fit")
    if not callable(fit) or getattr(fit, _WRAPPED, False):
        return

    @functools.wraps(fit)
    def fit_and_record(self: Any, *args: Any, **more: Any) -> Any:
        if not _State.on or _fit_around() is not None:
            return fit(self, *args, **more)
        return _recorded(fit, self, args, more)

    setattr(fit_and_record, _WRAPPED, True)
    cls.fit = fit_and_record


def _recorded(fit: Callable[..., Any], estimator: Any, args: tuple[Any, ...], more: dict[str, Any]) -> Any:
    """Fit, and record it. What goes wrong in recording is a warning: the script is not to suffer for it."""
    began = time.perf_counter()
    own = _guarded(_begin, estimator)
    this = _Fit()
    before = _fit.set(this)
    try:
        result = fit(estimator, *args, **more)
        if own is not None:
            # A score may fit, too.
            _guarded(_record, own[0], estimator, args, more, time.perf_counter() - began)
    except BaseException as error:
        if own is not None and own[1]:
            _guarded(own[0].end, *status_of(error))
        raise
    finally:
        this.under_way = False
        _fit.reset(before)
    if own is not None and own[1]:
        _guarded(own[0].end)
    return result


def _begin(estimator: Any) -> tuple[ActiveRun, bool]:
    """Return the run that a fit is recorded in, and whether it is the fit's own."""
    run = current_run()
    if run is not None:
        return run, False
    if os.environ.get(RUN_DIR_VARIABLE):
        return active_run(), False
    return start_apart({"autolog": type(estimator).__name__}), True


def _record(
    run: ActiveRun, estimator: Any, args: tuple[Any, ...], more: dict[str, Any], seconds: float
) -> None:
    # One step each, since fits may end in several threads at once.
    number = next(_State.fits.setdefault(run.run_id, itertools.count(1)))
    # The first fit of a run has plain names; those after it are numbered, or they would hide it.
    before = "" if number == 1 else f"fit{number}."
    rows, labels = (args[0] if args else more.get("X")), (args[1] if len(args) > 1 else more.get("y"))
    params: dict[str, Any] = {"estimator": f"{type(estimator).__module__}.{type(estimator).__qualname__}"}
    shape = getattr(rows, "shape", None)
    if shape is not None and len(shape) == 2:
        params |= {"n_rows": int(shape[0]), "n_features": int(shape[1])}
    ours = set(params)
    for key, value in list(estimator.get_params(deep=True).items())[:_MOST_PARAMS]:
        # Some have a parameter that is called `estimator`, too.
        params[f"estimator.{key}" if key in ours else key] = _said(value)
    for key, value in getattr(estimator, "best_params_", {}).items():
        params[f"best.{key}"] = _said(value)
    metrics = {"fit_seconds": seconds}
    best = getattr(estimator, "best_score_", None)
    if isinstance(best, int | float):
        metrics["cv_score"] = float(best)
    score = _training_score(estimator, rows, labels)
    if score is not None:
        metrics["training_score"] = score
    run.log_params({before + key: value for key, value in params.items()})
    run.log_metrics({before + key: value for key, value in metrics.items()})


def _said(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value if not isinstance(value, str) else value[:_MOST_TEXT]
    if hasattr(value, "get_params"):
        return type(value).__name__
    return repr(value)[:_MOST_TEXT]


def _training_score(estimator: Any, rows: Any, labels: Any) -> float | None:
    """Return what `score` says of the rows it was fitted on; None without `score`, or without labels."""
    if labels is None or not hasattr(estimator, "score") or not hasattr(rows, "shape"):
        return None
    # scikit-learn has loaded it. A score that draws numbers must not change those that are drawn after it.
    random = sys.modules["numpy"].random
    chance = random.get_state()
    try:
        step = max(1, int(rows.shape[0]) // _SCORED_ROWS)
        return float(estimator.score(_every(rows, step), _every(labels, step)))
    finally:
        random.set_state(chance)


def _every(values: Any, step: int) -> Any:
    if step == 1:
        return values
    return values.iloc[::step] if hasattr(values, "iloc") else values[::step]


def _guarded(deed: Callable[..., Any], *args: Any) -> Any:
    try:
        return deed(*args)
    except Exception as error:  # noqa: BLE001 - whatever it is, the script's own work goes on
        warnings.warn(f"Pilothouse could not record a fit: {type(error).__name__}: {error}", stacklevel=4)
        return None
