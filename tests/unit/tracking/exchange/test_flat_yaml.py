from __future__ import annotations

import pytest

from pilothouse.tracking.exchange.flat_yaml import read_flat_yaml

# Written by PyYAML's safe dumper, as MLflow calls it.
WRITTEN = r"""artifact_uri: file:///tmp/mlruns/0/abc/artifacts
end_time: null
experiment_id: '620285862927587825'
name: 'it''s: a "name" # of many words, so many that the line is broken where the
  dumper thinks that it is long enough'
plain: a plain one may be broken too, when it is long enough to need that, which this
  one is
hash: 'a #b'
escaped: "a\nb\tc\e[31mred \x07 \u202E \U0001F6A2 \"quoted\" back\\slash and so long that\
  \ it is broken in the middle of a word or between two"
lines: 'one

  two


  four'
status: 3
tags: []
nested:
- key: x
  value: y
empty: ''
"""


def test_what_pyyaml_writes_is_read() -> None:
    assert read_flat_yaml(WRITTEN) == {
        "artifact_uri": "file:///tmp/mlruns/0/abc/artifacts",
        "end_time": None,
        "experiment_id": "620285862927587825",
        "name": 'it\'s: a "name" # of many words, so many that the line is broken where the dumper thinks '
        "that it is long enough",
        "plain": "a plain one may be broken too, when it is long enough to need that, which this one is",
        "hash": "a #b",
        "escaped": 'a\nb\tc\x1b[31mred \x07 \u202e 🚢 "quoted" back\\slash and so long that it is broken in '
        "the middle of a word or between two",
        "lines": "one\ntwo\n\nfour",
        "status": "3",
        "tags": "[]",
        "nested": "- key: x value: y",
        "empty": "",
    }


@pytest.mark.parametrize(
    "text",
    ["just words", "a: 'open", 'a: "open', "a: |\n  block", "a: *alias", "a: !!python/object x", "\x00: 1"],
)
def test_what_is_no_such_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no line|quotation|not a plain"):
        read_flat_yaml(text)


def test_nothing_is_nothing() -> None:
    assert read_flat_yaml("") == {}
    assert read_flat_yaml("---\n# words\na:\n") == {"a": None}
