from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.training.arguments import read_arguments


@pytest.mark.parametrize(
    ("line", "params"),
    [
        ("python train.py --lr 0.1 --deep", {"lr": "0.1", "deep": "true"}),
        ("python -u -W ignore train.py --lr=0.1", {"lr": "0.1"}),
        ("python train.py --lr -0.5 -e 3", {"lr": "-0.5", "e": "3"}),
        ("python train.py model.lr=0.1 +x=2 data/a=b.csv plain", {"model.lr": "0.1"}),
        ("python -m package.train --epochs 3", {"epochs": "3"}),
        ("./program --layers 64 32 --layers 8", {"layers": "8"}),
        ("Rscript fit.R --alpha 1", {"alpha": "1"}),
        ("python train.py --eq=a=b -- --not mine", {"eq": "a=b"}),
        ("python train.py", {}),
        ("./program -c conf.yaml", {"c": "conf.yaml"}),
        ("python train.py -c conf.yaml", {"c": "conf.yaml"}),
        ("python -m package.train -c conf.yaml", {"c": "conf.yaml"}),
        ("python -W ignore -O train.py -e 3", {"e": "3"}),
    ],
)
def test_what_the_words_say(line: str, params: dict[str, str]) -> None:
    assert read_arguments(line.split()) == params


@pytest.mark.parametrize(
    "words",
    [
        ["python", "-c"],
        ["/usr/bin/python3.11", "-W", "ignore", "-uc"],
        ["C:\\Python\\python.exe", "-c"],
        ["uv", "run", "python", "-c"],
        ["bash", "-o", "pipefail", "-lc"],
        ["Rscript", "--vanilla", "-e"],
        ["node", "--eval"],
        ["perl", "-ne"],
    ],
)
@pytest.mark.parametrize("code", ["print('loss: 1')", "python train.py --lr 3", "x = 1; --lr=2", "train.py"])
def test_a_program_in_a_word_is_no_parameter(words: list[str], code: str) -> None:
    assert read_arguments([*words, code]) == {}
    assert read_arguments([*words, code, "--lr", "0.1", "-c", "x"]) == {"lr": "0.1", "c": "x"}


@given(st.lists(st.text(max_size=30), max_size=8))
def test_any_words_give_texts(words: list[str]) -> None:
    found = read_arguments(words)
    assert all(key and isinstance(value, str) for key, value in found.items())


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True),
        st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    )
)
def test_flags_come_back(params: dict[str, float]) -> None:
    words = [word for key, value in params.items() for word in (f"--{key}", str(value))]
    assert read_arguments(["python", "train.py", *words]) == {
        key: str(value) for key, value in params.items()
    }
