"""The forms in which scripts and libraries print metrics, and what is no metric."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hostile import HOSTILE

from pilothouse.training.lines import LineReader, Point, read_line

FORMS: list[tuple[str, list[Point]]] = [
    ("10/10 ━━━━━━━━ 1s 5ms/step - accuracy: 0.91 - loss: 0.31", [(10, {"accuracy": 0.91, "loss": 0.31})]),
    ("10/10 ━━ 1s - accuracy: 0.91 - loss: 0.31", [(10, {"accuracy": 0.91, "loss": 0.31})]),
    ("\x1b[1m10/10\x1b[0m \x1b[32m━━━\x1b[0m \x1b[1m1s\x1b[0m 5ms/step - loss: 0.31", [(10, {"loss": 0.31})]),
    (" 5/10 [====>.....] - ETA: 1s - loss: 0.31", [(5, {"loss": 0.31})]),
    ("{'loss': 0.52, 'epoch': 1.0}", [(1, {"loss": 0.52})]),
    (
        "{'loss': '0.52', 'grad_norm': '1.2', 'epoch': '0.5'}",
        [(None, {"loss": 0.52, "grad_norm": 1.2, "epoch": 0.5})],
    ),
    ("{'auc': np.float64(0.93), 'deep': {'f1': 1}}", [(None, {"auc": 0.93, "deep.f1": 1.0})]),
    ('{"auc": 0.93}', [(None, {"auc": 0.93})]),
    ('{"step": 7, "auc": 0.93}', [(7, {"auc": 0.93})]),
    ('{"level": "INFO", "message": "x", "pid": 7, "loss": 1}', [(None, {"loss": 1.0})]),
    ("INFO:__main__:{'loss': 0.5}", [(None, {"loss": 0.5})]),
    ("Epoch 2: {'loss': 0.3}", [(2, {"loss": 0.3})]),
    ("test metrics: {'auc': 0.3}", [(None, {"test_auc": 0.3})]),
    ("[0]\tvalidation-rmse:0.53", [(0, {"validation-rmse": 0.53})]),
    ("[3]\ttrain-logloss:0.61\ttest-logloss:0.62", [(3, {"train-logloss": 0.61, "test-logloss": 0.62})]),
    ("[10]\tvalid_0's auc: 0.91", [(10, {"valid_0_auc": 0.91})]),
    (
        "[20]\ttraining's binary_logloss: 0.2\tvalid_1's auc: 0.91",
        [(20, {"training_binary_logloss": 0.2, "valid_1_auc": 0.91})],
    ),
    (
        "0:\tlearn: 0.69\ttest: 0.68\tbest: 0.68 (0)\ttotal: 50ms\tremaining: 5s",
        [(0, {"learn": 0.69, "test": 0.68, "best": 0.68})],
    ),
    ("Epoch 1/3 | train loss 0.52", [(1, {"train_loss": 0.52})]),
    ("epoch 3/20 loss: 0.74 val_acc=0.6", [(3, {"loss": 0.74, "val_acc": 0.6})]),
    ("Epoch [3/20], Loss: 0.74", [(3, {"Loss": 0.74})]),
    ("Epoch: 3", []),
    ("iter 3: loss=0.74", [(3, {"loss": 0.74})]),
    ("step 3 of 10: loss 0.3", [(3, {"loss": 0.3})]),
    ("Iteration 1, loss = 0.69", [(1, {"loss": 0.69})]),
    ("[1/100] 1 tree, 31 leaves, max depth = 8, train loss: 0.6, in 0.01s", [(1, {"train_loss": 0.6})]),
    ("[1,  2000] loss: 2.200", [(2000, {"loss": 2.2})]),
    ("Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.30", [(640, {"Train_Loss": 2.3})]),
    (
        "Epoch: [0][ 10/391]\tTime  0.1 ( 0.2)\tLoss 6.9e+00 (6.8e+00)\tAcc@1   0.00 (  0.10)",
        [(10, {"Loss": 6.9, "Acc@1": 0.0})],
    ),
    ("Epoch 1:  50%|███     | 5/10 [00:01<00:01, 3.2it/s, loss=0.31]", [(5, {"loss": 0.31})]),
    (
        "Test set: Average loss: 0.05, Accuracy: 9824/10000 (98%)",
        [(None, {"Test_set_Average_loss": 0.05, "Test_set_Accuracy": 0.9824})],
    ),
    ("val: loss 0.3 acc 0.4", [(None, {"val_loss": 0.3, "val_acc": 0.4})]),
    ("INFO:root:loss: 0.31", [(None, {"loss": 0.31})]),
    ("INFO:loss:0.31", [(None, {"loss": 0.31})]),
    ("WARNING: loss: 0.3", [(None, {"loss": 0.3})]),
    ("2024-01-01 10:00:00 INFO loss: 0.31", [(None, {"loss": 0.31})]),
    ("2024-01-01 10:00:00,123 - root - INFO - loss: 0.31", [(None, {"loss": 0.31})]),
    ("[2024-01-01 10:00:00,123][__main__][INFO] - loss: 0.31", [(None, {"loss": 0.31})]),
    ("2024-01-01T10:00:00.123Z | INFO     | __main__:main:12 - loss: 0.31", [(None, {"loss": 0.31})]),
    ("Test loss: 0.5", [(None, {"Test_loss": 0.5})]),
    ("mean squared error: 0.2", [(None, {"mean_squared_error": 0.2})]),
    ("R2 score: 0.8", [(None, {"R2_score": 0.8})]),
    ("Loss (train): 0.3", [(None, {"Loss_train": 0.3})]),
    ("accuracy = 0.9", [(None, {"accuracy": 0.9})]),
    ("accuracy: 91%", [(None, {"accuracy": 0.91})]),
    ("Accuracy: 0.98 (+/- 0.02)", [(None, {"Accuracy": 0.98})]),
    ("loss: tensor(0.31, device='cuda:0')", [(None, {"loss": 0.31})]),
    ("loss: 0.5 time: 3.2s, 12 it/s", [(None, {"loss": 0.5})]),
    ("ndcg@10: 0.3", [(None, {"ndcg@10": 0.3})]),
    ("count: 3", [(None, {"count": 3.0})]),
    ("MAE: 3,456.78", [(None, {"MAE": 3456.78})]),
    ("MAE: 3,456.78, R2: 0.8", [(None, {"MAE": 3456.78, "R2": 0.8})]),
    ("RMSE = 1,234,567", [(None, {"RMSE": 1234567.0})]),
    ("RMSE: $1,234.56", [(None, {"RMSE": 1234.56})]),
    ("loss=-1_000.5", [(None, {"loss": -1000.5})]),
    ("mean CV: 0.8 ± 0.05", [(None, {"mean_CV": 0.8})]),
    ("acc=0.91±0.02", [(None, {"acc": 0.91})]),
    ("tokens/s: 1.2k", [(None, {"tokens/s": 1200.0})]),
    ("acc: 0.5, loss: 1.5M", [(None, {"acc": 0.5, "loss": 1_500_000.0})]),
    ("loss: 0.5 max_mem: 3817M", [(None, {"loss": 0.5})]),
    ("R^2: 0.85", [(None, {"R2": 0.85})]),
    ("Accuracy.......: 0.9", [(None, {"Accuracy": 0.9})]),
    ("port: 8080, loss: 0.3", [(None, {"loss": 0.3})]),
]


@pytest.mark.parametrize(("line", "points"), FORMS, ids=[line[:40] for line, _ in FORMS])
def test_what_is_read_from_each_form(line: str, points: list[Point]) -> None:
    reader = LineReader()
    assert reader.feed(line.encode() + b"\n") == points
    assert not reader.complaint()


@pytest.mark.parametrize(
    "line",
    [
        "RMSE = 1,234",  # or is it a little more than one?
        "acc: 0,912",
        "acc 0,91",
        "Test RMSE: 1,234.56 dollars",
        "CV scores: [0.8 0.9]",
        "Accuracy of the network on the 10000 test images: 54 %",
    ],
)
def test_what_is_not_sure_is_not_read_and_told(line: str) -> None:
    reader = LineReader()
    assert reader.feed(line.encode() + b"\n") == []
    assert line in reader.complaint()


@settings(deadline=None)
@given(st.floats(-1e15, 1e15, allow_nan=False), st.integers(1, 6), st.sampled_from([",", "_"]))
def test_numbers_with_groups_of_digits_are_what_python_wrote(value: float, digits: int, mark: str) -> None:
    said = read_line(f"mean absolute error: {value:{mark}.{digits}f}")
    assert said is not None
    assert said.pairs == {"mean_absolute_error": float(f"{value:.{digits}f}")}


PROSE = r"""
Warning: 3
Error: 5
ERROR: 5
Error 404
info: 7
port: 8080
version: 3.11
Loaded 3 files: 20 rows
Number of files: 20
Random seed: 42
Serving on 127.0.0.1:8080
localhost:8080
http://localhost:8080/a?loss=0.3
train.py:88
File "train.py", line 88
/data/loss/0.3
C:\data\loss: 5 files
Python 3.11.2
numpy==2.1.0
OMP_NUM_THREADS=4
12:30: 5
2024-01-01
2024-01-01 10:00:00
took 3.2s
Elapsed time: 3.2
Best of 3: 5 wins
Step 3: load the data
[LightGBM] [Info] Number of positive: 212, number of negative: 357
[LightGBM] [Info] Total Bins 4542
Downloading: 100%|███████| 10/10 [00:01<00:00]
LogisticRegression(C=0.1, max_iter=100)
hidden: 128,256,512
max_mem: 3817M
{'max_depth': 3, 'eta': 0.1}
{"level": "INFO", "message": "listening", "port": 8080}
{1: 2}
{
1.5
[1, 2, 3]
""".strip().split("\n")


@pytest.mark.parametrize("line", PROSE)
def test_prose_gives_nothing(line: str) -> None:
    reader = LineReader()
    assert reader.feed(line.encode() + b"\n") == []
    assert not reader.complaint()


WORDS = st.sampled_from(
    "loaded files rows the from with data model saved to cache using workers found skipping columns table of "
    "a in at 3 20 0.5 1e-3 12:30 10% 127.0.0.1 v1.2.3 /tmp/x.csv C:\\a http://a:80 (3) [x] 3/4 2024-01-01 "
    ": = - , |".split()
)


@settings(deadline=None)
@given(
    st.lists(WORDS, max_size=12), st.sampled_from(["ran through all of it", "wrote nothing more, friends"])
)
def test_sentences_give_nothing(words: list[str], sure: str) -> None:
    said = read_line(" ".join([sure, *words]))
    assert said is None


PIECES = st.sampled_from(
    [
        *"{}[]()'\":=,;|%/-+.\\ \t\x1b\x00\x08",
        "loss",
        "epoch",
        "step",
        "nan",
        "INFO",
        "1",
        "0.5",
        "10/10",
        "2024-01-01",
        "'s",
        "tensor(",
    ]
)


@settings(deadline=None, max_examples=300)
@given(st.lists(PIECES, max_size=60).map("".join))
def test_nothing_raises_and_values_are_numbers(text: str) -> None:
    said = read_line(text)
    assert said is None or all(isinstance(value, float) and name for name, value in said.pairs.items())


@settings(deadline=None, max_examples=300)
@given(st.lists(PIECES.filter(lambda piece: "{" not in piece), max_size=20).map("".join))
def test_whether_a_line_is_read_does_not_hang_on_its_digits(text: str) -> None:
    # What was refused once is known by its shape.
    assert (read_line(text) is None) == (read_line(re.sub("[0-9]", "0", text)) is None)


@pytest.mark.parametrize(
    "text",
    [
        *HOSTILE,
        "{" * 8_000,
        "{'a':" * 2_000,
        "{'a':" + "-" * 4_000 + "1}",
        "{'a':" + "(" * 4_000 + "}",
        "{'loss': 1e999}",
    ],
)
def test_hostile_text_never_raises(text: str) -> None:
    reader = LineReader()
    reader.feed(text.encode("utf-8", "surrogatepass") + b"\n")
    for name in ("loss: 1 ", "epoch ", "a b c d e ", "[0] ", "a: ", "loss "):
        reader.feed((name * 2_000 + text[:100]).encode("utf-8", "surrogatepass") + b"\n")


def test_an_epoch_holds_for_the_bar_that_follows_it() -> None:
    """Keras prints the epoch on a line of its own, and a bar that is full at its end."""
    reader = LineReader()
    text = "Epoch 1/2\n10/10 ━━━ 1s - loss: 0.5\nEpoch 2/2\n10/10 ━━━ 1s - loss: 0.4\n"
    assert reader.feed(text.encode()) == [(1, {"loss": 0.5}), (2, {"loss": 0.4})]


def test_steps_go_on_counting_from_one_epoch_to_the_next() -> None:
    reader = LineReader()
    text = "".join(f"Epoch [{e}/2], Step [{s}/10], Loss: 0.5\n" for e in (1, 2) for s in (5, 10))
    assert [step for step, _ in reader.feed(text.encode())] == [5, 10, 15, 20]
    reader = LineReader()
    text = "".join(f"[{e}, {s}] loss: 0.5\n" for e in (1, 2, 3) for s in (5, 9))
    assert [step for step, _ in reader.feed(text.encode())] == [5, 9, 14, 18, 23, 27]


def test_parts_of_epochs_are_a_metric_and_no_step() -> None:
    reader = LineReader()
    text = "{'loss': 2, 'epoch': 0.5}\n{'loss': 1, 'epoch': 1.0}\n"
    assert reader.feed(text.encode()) == [
        (None, {"loss": 2.0, "epoch": 0.5}),
        (None, {"loss": 1.0, "epoch": 1.0}),
    ]


def test_lines_that_looked_like_metrics_are_told_once() -> None:
    reader = LineReader()
    reader.feed(
        b"at last the loss was 0.31, fine\n" * 19 + b"loss went to 0.2 then\nall went well in 3.2 s\n"
    )
    assert reader.complaint() == (
        "20 lines looked like metrics and were not read, such as: at last the loss was 0.31, fine"
    )
    one = LineReader()
    one.feed(b"loss: 0.5 and falling\n")
    assert one.complaint() == "1 line looked like metrics and was not read, such as: loss: 0.5 and falling"
