from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.training.lines import LONGEST_LINE, LineReader, MetricsFile, parse_metrics, read_line
from pilothouse.training.lines.words import judge_name

COUNTING = "epoch epochs ep episode round fold step steps global_step iter iteration itr batch update".split()
KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_./-]{0,20}", fullmatch=True).filter(
    lambda key: (
        not key.endswith("...") and key.lower() not in COUNTING and judge_name((key,), ":", False, False)
    )
)
NUMBERS = st.floats(allow_nan=False, width=64)


@pytest.mark.parametrize(
    ("line", "pairs"),
    [
        ("loss: 0.5", {"loss": 0.5}),
        ("  loss:0.5  ", {"loss": 0.5}),
        ("step: 3 loss: 1e-3, acc: .9", {"loss": 0.001, "acc": 0.9}),
        ("step: 3 | val/loss: -2. | x.y-z: +4", {"val/loss": -2.0, "x.y-z": 4.0}),
        ("a: inf b: -Infinity", {"a": math.inf, "b": -math.inf}),
    ],
)
def test_pairs_are_read(line: str, pairs: dict[str, float]) -> None:
    said = read_line(line)
    assert said is not None and said.pairs == pairs


@pytest.mark.parametrize(
    "line",
    [
        "",
        "   ",
        "Epoch 1: 0.3",
        "loss: 0.5 and falling",
        "loss: 0.5s",
        "12:30: 5",
        "http://localhost:8080",
        "loss: ",
        ": 5",
        "loss: 1,5",
        "loss: 0x10",
        "a" * 200 + ": 1",
    ],
)
def test_other_lines_are_just_lines(line: str) -> None:
    assert read_line(line) is None


@settings(deadline=None)
@given(st.dictionaries(KEYS, NUMBERS, min_size=1, max_size=8), st.sampled_from([" ", ", ", " | ", ";"]))
def test_what_is_written_is_read(pairs: dict[str, float], between: str) -> None:
    said = read_line(between.join(f"{key}: {value!r}" for key, value in pairs.items()))
    assert said is not None and said.pairs == pairs


@settings(deadline=None)
@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    said = read_line(text)
    assert said is None or all(isinstance(value, float) for value in said.pairs.values())


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=30))
def test_no_bytes_break_the_reader(pieces: list[bytes]) -> None:
    reader = LineReader()
    for piece in pieces:
        reader.feed(piece)
    reader.finish()


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1000), KEYS, NUMBERS), min_size=1, max_size=20),
    st.lists(st.integers(1, 40), min_size=1, max_size=10),
    st.sampled_from(["\n", "\r\n"]),
)
def test_it_does_not_matter_where_the_output_is_cut(
    said: list[tuple[int, str, float]], cuts: list[int], end: str
) -> None:
    data = "".join(f"step: {step}{end}{key}: {value!r}{end}noise{end}" for step, key, value in said).encode()
    reader, points, at, turn = LineReader(), [], 0, 0
    while at < len(data):
        size = cuts[turn % len(cuts)]
        points += reader.feed(data[at : at + size])
        at, turn = at + size, turn + 1
    points += reader.finish()
    assert points == [(step, {key: value}) for step, key, value in said]


def test_a_step_holds_until_the_next_one() -> None:
    reader = LineReader()
    points = reader.feed(b"early: 1\nstep: 1\nloss: 3\nloss: 2 acc: 1\nstep: 2 loss: 1\nlast: 5")
    assert points == [
        (None, {"early": 1.0}),
        (1, {"loss": 3.0}),
        (1, {"loss": 2.0, "acc": 1.0}),
        (2, {"loss": 1.0}),
    ]
    assert reader.finish() == [(2, {"last": 5.0})]


def test_an_endless_line_is_dropped_and_what_follows_is_read() -> None:
    reader = LineReader()
    for _ in range(50):
        assert reader.feed(b"x: 1 " * 1000) == []
    assert len(reader._rest) <= LONGEST_LINE
    assert reader.feed(b"tail: 9\nloss: 1\n") == [(None, {"loss": 1.0})]


def test_a_step_that_is_no_count_is_ignored() -> None:
    assert LineReader().feed(b"step: nan\nstep: inf\nstep: 1e300\nloss: 1\n") == [(None, {"loss": 1.0})]


def test_progress_bars_do_not_hide_metrics() -> None:
    assert LineReader().feed("10%|█ | 1/9\rloss: 1\r 20%\n".encode()) == [(None, {"loss": 1.0})]


def test_json_metrics_are_flattened() -> None:
    value = {"step": 4, "val": {"loss": 0.5, "deep": {"x": 1}}, "name": "no", "ok": True, "big": 10**400}
    assert parse_metrics(value) == [(4, {"val.loss": 0.5, "val.deep.x": 1.0})]
    assert parse_metrics([{"a": 1}, {"a": 2, "step": "x"}, 7]) == [(None, {"a": 1.0}), (None, {"a": 2.0})]
    assert parse_metrics("text") == []


def test_a_jsonl_file_is_read_as_it_grows() -> None:
    file = MetricsFile()
    assert file.feed(b'{"step": 1, "loss": 2}\n{"step": 2, "lo') == [(1, {"loss": 2.0})]
    assert file.feed(b'ss": 1}\n') == [(2, {"loss": 1.0})]
    assert file.feed(b'{"loss": 0.5}') == []
    assert file.finish() == [(None, {"loss": 0.5})]


def test_one_json_document_is_read_when_it_is_whole() -> None:
    text = json.dumps({"train": {"loss": 1.5}, "auc": 0.75}, indent=2).encode()
    file = MetricsFile()
    points = [*file.feed(text[:9]), *file.feed(text[9:]), *file.finish()]
    assert points == [(None, {"train.loss": 1.5, "auc": 0.75})] or points == [
        (None, {"auc": 0.75, "train.loss": 1.5})
    ]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=10))
def test_no_bytes_break_the_metrics_file(pieces: list[bytes]) -> None:
    file = MetricsFile()
    for piece in pieces:
        file.feed(piece)
    file.finish()


def lines_of(*values: object) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


@pytest.mark.parametrize(
    ("text", "losses", "unread", "example"),
    [
        ('{"loss": 1}\n# half\n{"loss": 2}\n{"loss": 3}\n', [1, 2, 3], 1, "# half"),
        ('{"loss": 1}\n{"step": 1, "loss": 0.5\n{"loss": 2}\n', [1, 2], 1, '{"step": 1, "loss": 0.5'),
        ('{"loss": 1}\n{"loss": 2, "note": "torn\n{"loss": 3}\n', [1, 3], 1, '{"loss": 2, "note": "torn'),
        ('{"step": 1, "lo{"step": 2, "loss": 2}\n{"loss": 3}\n', [2, 3], 1, None),
        ('{"loss": 1, "deep": {"loss": 5}\n{"loss": 2}\n', [2], 1, None),
        ('{"loss": 1}{"loss": 2}{"loss": 3}', [1, 2, 3], 0, ""),
        ('{"loss": 1}{"loss": 2}{"lo', [1, 2], 1, None),
        ('{"loss": 1} # best\n{"loss": 2}\n', [1, 2], 1, None),
        ('\ufeff{"loss": 1}\r\n{"loss": 2}\r\n', [1, 2], 0, ""),
        ('[\n{"loss": 1},\n{"loss": 2}\n]\n', [1, 2], 0, ""),
        ('[\n{"loss": 1},\n{"loss": 2},\n', [1, 2], 1, "["),
        ('{\n  "loss": 1\n}\n{\n  "loss": 2\n}\n', [1, 2], 0, ""),
        ('{\n  "loss": 1,\n  "all": [\n    {"loss": 7}\n  ],\n{"loss": 2}\n', [2], 5, "{"),
        ("{nope", [], 1, "{nope"),
        ("loss,auc\n1,2\n", [], 2, "loss,auc"),
        ('7\n"text"\nnull\n[1, 2]\n{"loss": 1}\n', [1], 4, "7"),
        ('\n\n  {"loss": 1}\n \n', [1], 0, ""),
        ('{"loss": NaN}\n{"loss": nan}\n{"loss": 1}\n', [math.nan, 1], 1, '{"loss": nan}'),
    ],
)
def test_a_bad_line_costs_itself_and_is_told(
    text: str, losses: list[float], unread: int, example: str | None
) -> None:
    for size in (len(text.encode()), 1, 7):
        file, points = MetricsFile(), []
        for at in range(0, len(text.encode()), size):
            points += file.feed(text.encode()[at : at + size])
        points += file.finish()
        assert str([values["loss"] for _, values in points]) == str([float(loss) for loss in losses])
        assert (file.unread, bool(file.complaint())) == (unread, unread > 0)
        assert example is None or file.example == example


def test_what_was_not_read_of_a_file_is_said() -> None:
    file = MetricsFile()
    file.feed(b"# half\n" + b"x" * 500 + b"\n")
    assert file.complaint() == (
        "2 lines of the metrics file are no JSON objects and were not read, such as: # half"
    )


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 99), st.booleans())
        | st.sampled_from(["# note", "nope", "1", "step,loss", "}", '"{"', '{"step": 1, "lo', '{"step": 5,'])
    ),
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
)
def test_good_lines_are_read_whatever_stands_between_them(
    lines: list[tuple[int, bool] | str], cuts: list[int]
) -> None:
    good = [line[0] for line in lines if not isinstance(line, str)]
    text = "".join(
        f"{line}\n"
        if isinstance(line, str)
        else json.dumps({"step": line[0], "loss": 1}, indent=1 if line[1] else None) + "\n"
        for line in lines
    ).encode()
    file, points, at, turn = MetricsFile(), [], 0, 0
    while at < len(text):
        size = cuts[turn % len(cuts)]
        points += file.feed(text[at : at + size])
        at, turn = at + size, turn + 1
    assert [step for step, _ in points + file.finish()] == good
    assert file.unread == len(lines) - len(good)


def test_lines_are_read_while_the_file_grows_though_one_of_them_is_bad() -> None:
    file = MetricsFile()
    file.feed(b'{"step": 0, "loss": 1}\n{"step": 1, "lo\n')
    seen = [step for n in range(2, 9) for step, _ in file.feed(lines_of({"step": n, "loss": 1}).encode())]
    assert seen == [2, 3, 4, 5, 6, 7, 8]


def test_texts_that_begin_a_document_in_every_line_are_read_in_time() -> None:
    for line in ("[\n", '{"a":\n', "[[1],\n", '{"a": [1,\n', "[1], [\n", '{"a": nan}\n'):
        file = MetricsFile()
        for _ in range(5):
            file.feed(line.encode() * 3_000)
        file.finish()
        assert file.unread


def test_a_step_may_be_a_whole_float() -> None:
    assert parse_metrics({"step": 3.0, "loss": 1}) == [(3, {"loss": 1.0})]
    assert parse_metrics({"step": 3.5, "loss": 1}) == [(None, {"step": 3.5, "loss": 1.0})]


def test_text_that_is_a_number_counts_under_the_name_of_a_metric() -> None:
    value = {"step": "3", "loss": "0.5", "val": {"auc": "1e-1"}, "acc": "high", "id": "7", "n": 2}
    assert parse_metrics(value) == [(3, {"loss": 0.5, "val.auc": 0.1, "n": 2.0})]
    assert parse_metrics({"step": "3.5", "f1": "nan"})[0][0] is None


def test_nesting_without_end_is_no_metric() -> None:
    file = MetricsFile()
    assert file.feed(b'{"a":' * 100_000 + b"\n") == []
    assert file.finish() == []


def test_a_step_that_no_run_can_have_does_not_end_who_reads_it() -> None:
    for step in (10**30, -(10**30), True, "x", None):
        assert all(found is None for found, _ in parse_metrics({"step": step, "loss": 0.5}))
    assert parse_metrics({"step": 2**53, "loss": 0.5}) == [(2**53, {"loss": 0.5})]
