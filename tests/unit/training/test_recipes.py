from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostile import HOSTILE
from pilothouse.errors import PilothouseError, UsageError
from pilothouse.training.estimators import build_estimator
from pilothouse.training.preprocessing import Features
from pilothouse.training.recipes import RECIPES, check_params, find_recipe, parse_param, parse_value

FEATURES = Features(("x",), ("c",), {})


@pytest.mark.parametrize("name", RECIPES)
def test_every_parameter_is_one_that_scikit_learn_accepts(name: str) -> None:
    recipe = RECIPES[name]
    samples = {"integer": 7, "number": 0.5, "boolean": True}
    for task in recipe.tasks:
        known = {key for key in recipe.parameters if recipe.only.get(key, task) == task}
        params = {}
        for key in known:
            rule = recipe.parameters[key]
            value = rule.words[0] if rule.words else samples[rule.kind]
            assert rule.accepts(value), key
            params[key] = value
        estimator = build_estimator(
            recipe, task, check_params(recipe, params, task), FEATURES, seed=1, threads=1
        )
        assert all(estimator.get_params()[key] == value for key, value in params.items())


@pytest.mark.parametrize("name", RECIPES)
def test_the_defaults_are_accepted(name: str) -> None:
    for task in RECIPES[name].tasks:
        checked = check_params(RECIPES[name], {}, task)
        assert checked == RECIPES[name].defaults
        for key, value in checked.items():
            assert RECIPES[name].parameters[key].accepts(value)


def test_an_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        find_recipe("randomforest", "classification")
    assert 'Did you mean "random_forest"?' in str(caught.value)


def test_logistic_means_ridge_for_a_regression() -> None:
    assert find_recipe("logistic", "regression").name == "ridge"
    with pytest.raises(UsageError, match="task is classification"):
        find_recipe("ridge", "classification")


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"max_itr": 5}, 'Did you mean "max_iter"'),
        ({"max_iter": "many"}, "whole number of at least 1"),
        ({"max_iter": 2.5}, "whole number"),
        ({"max_iter": True}, "whole number"),
        ({"max_iter": 0}, "at least 1"),
        ({"max_iter": None}, "whole number"),
        ({"learning_rate": float("nan")}, "a number"),
        ({"learning_rate": -0.1}, "a number"),
        ({"max_bins": 256}, "from 2 to 255"),
        ({"early_stopping": "auto"}, "true or false"),
        ({"class_weight": "heavy"}, '"balanced" or none'),
    ],
)
def test_a_wrong_parameter_says_what_is_right(params: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_params(RECIPES["hist_gradient_boosting"], params, "classification")
    assert said in str(caught.value)


def test_class_weights_are_for_classes_only() -> None:
    with pytest.raises(UsageError, match="no parameter"):
        check_params(RECIPES["random_forest"], {"class_weight": "balanced"}, "regression")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_told_and_nothing_more(text: str) -> None:
    with pytest.raises(PilothouseError):
        find_recipe(text, "classification")
    with pytest.raises(PilothouseError):
        check_params(RECIPES["ridge"], {text: 1}, "regression")
    with pytest.raises(PilothouseError):
        check_params(RECIPES["random_forest"], {"max_features": text}, "regression")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-2.5", -2.5),
        ("1e-3", 0.001),
        ("true", True),
        ("False", False),
        ("none", None),
        ("sqrt", "sqrt"),
    ],
)
def test_values_read_as_what_they_look_like(text: str, value: object) -> None:
    found = parse_value(text)
    assert found == value and type(found) is type(value)
    assert parse_param(f"key = {text}") == ("key", value)


@pytest.mark.parametrize("text", ["", "=", "=3", "key"])
def test_what_is_no_parameter_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_param(text)


@settings(deadline=None)
@given(st.text())
def test_any_value_reads_as_something(text: str) -> None:
    parse_value(text)


def test_checking_parameters_loads_nothing_heavy() -> None:
    code = (
        "import sys; import pilothouse.training.recipes, pilothouse.training.launch, pilothouse.cli.training,"
        " pilothouse.training.supervisor, pilothouse.training.fit;"
        " print([n for n in ('sklearn','pandas','numpy','scipy','duckdb','textual') if n in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
