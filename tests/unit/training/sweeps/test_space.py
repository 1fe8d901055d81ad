"""The grammar of a search space, and the points in it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import HOSTILE
from pilothouse.errors import UsageError
from pilothouse.training.recipes import RECIPES
from pilothouse.training.sweeps.space import (
    Dimension,
    SpaceError,
    check_space,
    grid_points,
    identity,
    parse_dimension,
    parse_space,
    random_points,
    size_of,
)

finite = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: float(f"{x:.6g}"))
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,10}", fullmatch=True)


@st.composite
def spaces(draw: st.DrawFn) -> tuple[Dimension, ...]:
    texts = []
    for name in draw(st.lists(names, min_size=1, max_size=3, unique=True)):
        kind = draw(st.sampled_from(["list", "int", "uniform", "log"]))
        if kind == "list":
            values = draw(st.lists(st.integers(-50, 50), min_size=1, max_size=5, unique=True))
            texts.append(f"{name}=" + ",".join(map(str, values)))
        elif kind == "int":
            low = draw(st.integers(-20, 20))
            texts.append(f"{name}=int({low}..{low + draw(st.integers(0, 30))})")
        else:
            low, high = sorted((abs(draw(finite)) + 1e-3, abs(draw(finite)) + 1e-3))
            texts.append(f"{name}={kind}({low!r}..{high!r}, {draw(st.integers(1, 4))})")
    return parse_space(texts)


@pytest.mark.parametrize(
    ("text", "kind", "grid"),
    [
        ("lr=0.01,0.1,1", "list", (0.01, 0.1, 1)),
        ("lr = log(0.001 .. 1, 4)", "log", (0.001, 0.01, 0.1, 1.0)),
        ("x=uniform(0..1)", "uniform", (0.0, 0.25, 0.5, 0.75, 1.0)),
        ("x=uniform(.5..1.)", "uniform", (0.5, 0.625, 0.75, 0.875, 1.0)),
        ("depth=int(2..4)", "int", (2, 3, 4)),
        ('name="a,b", c ,true,none', "list", ("a,b", "c", True, None)),
        ("x=uniform(-1e-3..1e-3, 3)", "uniform", (-0.001, 0.0, 0.001)),
        ("x=int(1..1000, 2)", "int", (1, 1000)),
    ],
)
def test_what_is_written_is_what_is_searched(text: str, kind: str, grid: tuple[object, ...]) -> None:
    dimension = parse_dimension(text)
    assert dimension.kind == kind
    assert dimension.grid() == pytest.approx(grid) if kind in ("log", "uniform") else grid


@pytest.mark.parametrize(
    ("text", "column", "word"),
    [
        ("lr", 3, "no ="),
        ("=1", 1, "name"),
        ("lr=", 4, "No values"),
        ("lr=1,,2", 6, "missing"),
        ("lr=1,", 6, "missing"),
        ('lr="a', 4, "not closed"),
        ('lr="a"b', 7, "comma"),
        ("lr=1,1", 6, "twice"),
        ("lr=lag(1..2)", 4, "lag"),
        ("lr=log(0..1)", 8, "above 0"),
        ("lr=log(1.2)", 11, ".."),
        ("lr=log(1..", 11, "other end"),
        ("lr=log(1..2", 12, "closing"),
        ("lr=log(2..1)", 11, "below"),
        ("lr=int(1.5..2)", 8, "whole"),
        ("lr=int(1..2) x", 13, "follow"),
        ("lr=int(1..2, 0)", 13, "points"),
        ("lr=nan", 4, "finite"),
    ],
)
def test_an_error_points_at_its_place(text: str, column: int, word: str) -> None:
    with pytest.raises(SpaceError) as raised:
        parse_dimension(text)
    assert raised.value.column == column and word in raised.value.what
    lines = str(raised.value).splitlines()
    assert lines[2].index("^") == column - 1


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        dimension = parse_dimension(text)
    except UsageError as error:
        assert str(error)
    else:
        assert dimension.grid()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_no_more_than_a_value(text: str) -> None:
    for written in (text, f"x={text}", f"{text}=1", f"x=log({text}..1)"):
        try:
            parse_dimension(written)
        except UsageError as error:
            assert "\x1b" not in str(error).split("\n", 1)[1]


@given(spaces(), st.integers(1, 30), st.integers(0, 5))
def test_random_points_are_in_the_space_none_twice_and_the_same_again(
    space: tuple[Dimension, ...], count: int, seed: int
) -> None:
    points = random_points(space, count, seed)
    assert points == random_points(space, count, seed)
    assert len({identity(point) for point in points}) == len(points)
    size = size_of(space)
    if size is not None:
        assert len(points) == min(size, count)
    for point in points:
        for dimension in space:
            value = point[dimension.name]
            if dimension.kind == "list":
                assert value in dimension.values
            else:
                assert isinstance(value, int | float) and dimension.low <= value <= dimension.high
                assert dimension.kind != "int" or isinstance(value, int)


@given(spaces())
def test_a_grid_has_every_combination_once(space: tuple[Dimension, ...]) -> None:
    points = grid_points(space)
    assert len(points) == math.prod(len(dimension.grid()) for dimension in space)
    assert len({identity(point) for point in points}) == len(points)


def test_a_space_is_checked_against_the_recipe() -> None:
    recipe = RECIPES["random_forest"]
    check_space(parse_space(["max_depth=int(2..8)", "max_features=sqrt,0.5,none"]), recipe, "regression")
    for text, word in [
        ("depth=1,2", "no parameter"),
        ("max_depth=uniform(1..5)", "whole number"),
        ("max_features=uniform(0.5..2)", "will not do"),
        ("class_weight=balanced", "no parameter"),
    ]:
        with pytest.raises(UsageError, match=word):
            check_space(parse_space([text]), recipe, "regression")


def test_a_grid_that_is_too_large_is_refused() -> None:
    with pytest.raises(UsageError, match="points"):
        grid_points(parse_space([f"{name}=int(1..100, 100)" for name in "abc"]))
    with pytest.raises(UsageError, match="twice"):
        parse_space(["a=1", "a=2"])
