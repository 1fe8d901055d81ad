from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.config import GateRule, load_config, parse_config
from pilothouse.errors import ConfigError

MINIMAL = '[model]\nname = "m"\ntarget = "y"\n'


def test_everything_the_design_shows_is_read() -> None:
    config = parse_config(
        """
[model]
name = "late-arrivals"
task = "classification"
target = "late"
[data]
folder = "data"
time = "sched_dep"
id = "flight_id"
exclude = ["tailnum"]
[training]
recipe = "hist_gradient_boosting"
params = { max_iter = 300 }
holdout = 0.2
seed = 7
[gates]
roc_auc = { min = 0.70, max_drop = 0.005 }
p99_ms = { max = 20 }
[drift]
share = 0.3
[serving]
port = 8080
rollout = { kind = "canary", steps = [5, 25, 50], min_requests = 200 }
[autonomy]
level = 1
retrain_every = "7d"
"""
    )
    model = config.model()
    assert model.data.exclude == ("tailnum",)
    assert model.training.params == {"max_iter": 300}
    assert model.gates["roc_auc"] == GateRule(min=0.7, max_drop=0.005)
    assert model.gates["p99_ms"].max == 20.0
    assert config.serving.rollout["steps"] == [5, 25, 50]
    assert config.autonomy.level == 1


def test_several_models_share_what_they_do_not_say() -> None:
    config = parse_config(
        '[data]\nfolder = "shared"\n[model.a]\ntarget = "y"\n'
        '[model.b]\ntarget = "z"\n[model.b.data]\nfolder = "own"\n'
    )
    assert [model.name for model in config.models] == ["a", "b"]
    assert config.model("a").data.folder == "shared"
    assert config.model("b").data.folder == "own"
    with pytest.raises(ConfigError, match="2 models"):
        config.model()
    with pytest.raises(ConfigError, match="no model 'c'"):
        config.model("c")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[model]\nname = "m"\n', 1, "'model.target' is missing"),
        (MINIMAL + "[trainin]\nseed = 1\n", 4, "Did you mean 'training'?"),
        (MINIMAL + "[training]\nseed = 1\nholdut = 0.2\n", 6, "Did you mean 'holdout'?"),
        (MINIMAL + '[training]\nholdout = "x"\n', 5, "training.holdout must be a number, not the text 'x'"),
        (MINIMAL + "[training]\nseed = 1.5\n", 5, "must be a whole number"),
        (MINIMAL + "[training]\nseed = true\n", 5, "must be a whole number, not the truth value"),
        (MINIMAL + "[training]\nholdout = 1.5\n", 5, "between 0 and 1"),
        (MINIMAL + "[gates]\nauc = { mn = 1 }\n", 5, "Did you mean 'min'?"),
        (MINIMAL + "[gates]\nauc = 1\n", 5, "must be a table"),
        (
            MINIMAL + '[features.tables]\ntier = "t.csv"\n',
            5,
            'For example: tier = { file = "tables/tier.csv"',
        ),
        (
            MINIMAL + '[features.tables.tier]\npath = "t.csv"\n',
            5,
            'For example: tier = { file = "tables/tier.csv"',
        ),
        (MINIMAL + '[features.tables.tier]\ntime = "t"\n', 4, 'time = "valid_from" }'),
        (MINIMAL + "[gates]\nauc = 1\n", 5, "For example: auc = { min = 0.7"),
        (MINIMAL + '[data]\nexclude = "tailnum"\n', 5, "must be a list of texts"),
        (MINIMAL + "[autonomy]\nlevel = 5\n", 5, "must be 0 or 1 or 2"),
        ('[model]\nname = "../x"\ntarget = "y"\n', 2, "cannot name a folder"),
        ('[model.a]\ntarget = "y"\n[model.a.data]\nfoldr = "x"\n', 4, "Did you mean 'folder'?"),
    ],
)
def test_an_error_names_line_key_and_remedy(text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    assert f"line {line}" in str(caught.value)
    assert words in str(caught.value)


def test_files_that_are_missing_or_no_text(tmp_path: Path) -> None:
    path = tmp_path / "pilothouse.toml"
    with pytest.raises(ConfigError, match="does not exist"):
        load_config(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(path)
    path.write_text("x = ")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_config(path)


@given(st.text(max_size=200))
def test_any_text_loads_or_is_told_in_words(text: str) -> None:
    try:
        parse_config(text)
    except ConfigError as error:
        assert str(error)


@given(
    st.recursive(
        st.one_of(st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False), st.text(max_size=5)),
        lambda inner: st.lists(inner, max_size=2),
        max_leaves=3,
    ),
    st.sampled_from(["training.holdout", "training.seed", "data.exclude", "drift.share", "autonomy.level"]),
)
def test_any_value_of_any_key_loads_or_names_the_key(value: object, key: str) -> None:
    import json

    section, name = key.split(".")
    text = MINIMAL + f"[{section}]\n{name} = {json.dumps(value)}\n"
    try:
        parse_config(text)
    except ConfigError as error:
        assert key in str(error) or "not valid TOML" in str(error)
