"""The built-in recipes: their names, hyperparameters and defaults, checked without importing scikit-learn."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pilothouse.errors import UsageError

Value = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """What one hyperparameter accepts: a kind, a closed range, and words that are allowed beside it."""

    kind: str  # "integer", "number", "boolean" or "word"
    low: float = -math.inf
    high: float = math.inf
    words: tuple[str, ...] = ()
    optional: bool = False

    def accepts(self, value: Value) -> bool:
        """Whether the value may be given to the estimator as it is."""
        if value is None:
            return self.optional
        if isinstance(value, str):
            return value in self.words
        if isinstance(value, bool):
            return self.kind == "boolean"
        if self.kind == "integer" and not isinstance(value, int):
            return False
        return self.kind in ("integer", "number") and math.isfinite(value) and self.low <= value <= self.high

    def expected(self) -> str:
        """The rule in words, for an error message."""
        kinds = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}
        parts = [kinds[self.kind]] if self.kind in kinds else []
        if parts and self.low > -math.inf:
            limit = (
                f"from {self.low:g} to {self.high:g}" if self.high < math.inf else f"of at least {self.low:g}"
            )
            parts[0] += f" {limit}"
        parts += [f'"{word}"' for word in self.words]
        if self.optional:
            parts.append("none")
        return " or ".join(parts)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way to fit a model: which estimator, which hyperparameters, and how it grows."""

    name: str
    title: str
    tasks: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    defaults: Mapping[str, Value]
    grows_by: str | None = None  # the hyperparameter that counts its iterations, if it is fitted in steps
    only: Mapping[str, str] = field(default_factory=dict)  # parameter -> the one task that knows it


# Smallest positive values: scikit-learn's open intervals, written as closed ones.
_TINY = 1e-12
_BALANCED = Parameter("word", words=("balanced",), optional=True)
_CLASSES_ONLY = {"class_weight": "classification"}

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="logistic",
            title="Logistic regression",
            tasks=("classification",),
            parameters={
                "C": Parameter("number", low=_TINY),
                "max_iter": Parameter("integer", low=1),
                "tol": Parameter("number", low=_TINY),
                "fit_intercept": Parameter("boolean"),
                "class_weight": _BALANCED,
            },
            defaults={"C": 1.0, "max_iter": 200},
            grows_by="max_iter",
        ),
        Recipe(
            name="ridge",
            title="Ridge regression",
            tasks=("regression",),
            parameters={"alpha": Parameter("number", low=0), "fit_intercept": Parameter("boolean")},
            defaults={"alpha": 1.0},
        ),
        Recipe(
            name="random_forest",
            title="Random forest",
            tasks=("classification", "regression"),
            parameters={
                "n_estimators": Parameter("integer", low=1),
                "max_depth": Parameter("integer", low=1, optional=True),
                "min_samples_leaf": Parameter("integer", low=1),
                "min_samples_split": Parameter("integer", low=2),
                "max_features": Parameter("number", low=_TINY, high=1, words=("sqrt", "log2"), optional=True),
                "max_leaf_nodes": Parameter("integer", low=2, optional=True),
                "max_samples": Parameter("number", low=_TINY, high=1, optional=True),
                "bootstrap": Parameter("boolean"),
                "ccp_alpha": Parameter("number", low=0),
                "class_weight": Parameter("word", words=("balanced", "balanced_subsample"), optional=True),
            },
            defaults={"n_estimators": 100, "min_samples_leaf": 10, "max_features": "sqrt"},
            grows_by="n_estimators",
            only=_CLASSES_ONLY,
        ),
        Recipe(
            name="hist_gradient_boosting",
            title="Histogram gradient boosting",
            tasks=("classification", "regression"),
            parameters={
                "max_iter": Parameter("integer", low=1),
                "learning_rate": Parameter("number", low=_TINY),
                "max_leaf_nodes": Parameter("integer", low=2, optional=True),
                "max_depth": Parameter("integer", low=1, optional=True),
                "min_samples_leaf": Parameter("integer", low=1),
                "l2_regularization": Parameter("number", low=0),
                "max_features": Parameter("number", low=_TINY, high=1),
                "max_bins": Parameter("integer", low=2, high=255),
                "early_stopping": Parameter("boolean"),
                "n_iter_no_change": Parameter("integer", low=1),
                "validation_fraction": Parameter("number", low=_TINY, high=0.9),
                "tol": Parameter("number", low=0),
                "class_weight": _BALANCED,
            },
            defaults={"max_iter": 150, "learning_rate": 0.05, "max_leaf_nodes": 15, "early_stopping": False},
            grows_by="max_iter",
            only=_CLASSES_ONLY,
        ),
    )
}

# The same idea under the name it has for the other task.
_SAME_FOR_TASK = {("logistic", "regression"): "ridge"}


def nearest(word: str, known: list[str]) -> str:
    """Advice that names the closest known word, or lists them all."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f'did you mean "{close[0]}"?' if close else f"choose one of {', '.join(known)}"


def find_recipe(name: str, task: str) -> Recipe:
    """The recipe of that name for that task.

    Raises:
        UsageError: there is no such recipe, or it does not fit the task; the nearest name is given.
    """
    recipe = RECIPES.get(_SAME_FOR_TASK.get((name, task), name))
    for_task = [known.name for known in RECIPES.values() if task in known.tasks]
    if recipe is None:
        raise UsageError(f'There is no recipe "{name}".', next=_sentence(nearest(name, for_task)))
    if task not in recipe.tasks:
        raise UsageError(
            f'Recipe "{recipe.name}" is for {" or ".join(recipe.tasks)}, and this model\'s task is {task}.',
            next=f"Choose one of {', '.join(for_task)}.",
        )
    return recipe


def check_params(recipe: Recipe, params: Mapping[str, Any], task: str) -> dict[str, Value]:
    """The recipe's defaults overlaid with `params`, every name and value checked.

    Raises:
        UsageError: a name the recipe does not know, or a value it does not accept.
    """
    known = [name for name in recipe.parameters if recipe.only.get(name, task) == task]
    for name, value in params.items():
        if name not in known:
            raise UsageError(
                f'Recipe "{recipe.name}" has no parameter "{name}".', next=_sentence(nearest(name, known))
            )
        rule = recipe.parameters[name]
        if not rule.accepts(value):
            raise UsageError(f"Parameter {name} = {value!r} will not do.", next=f"Give {rule.expected()}.")
    return {**recipe.defaults, **params}


def parse_param(text: str) -> tuple[str, Value]:
    """`name=value` from a command line, the value as `parse_value` reads it.

    Raises:
        UsageError: there is no "=" or no name before it.
    """
    name, equals, raw = text.partition("=")
    name = name.strip()
    if not equals or not name:
        raise UsageError(
            f'"{text}" is not a parameter.', next="Write it as name=value, for example max_iter=300."
        )
    return name, parse_value(raw.strip())


def parse_value(raw: str) -> Value:
    """A word from a command line as the value that it most plainly stands for."""
    words: dict[str, Value] = {"true": True, "false": False, "none": None, "null": None}
    if raw.lower() in words:
        return words[raw.lower()]
    for read in (int, float):
        try:
            return read(raw)
        except ValueError:
            continue
    return raw


def _sentence(text: str) -> str:
    text = text[0].upper() + text[1:]
    return text if text.endswith(("?", ".")) else text + "."
