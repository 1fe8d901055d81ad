"""What the filter box proposes while a search is typed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostile import HOSTILE
from pilothouse.tracking.search import Expected, Keys, SearchError, complete, parse, value_wanted
from pilothouse.tracking.search.nodes import Field

KEYS = Keys(
    metrics=("auc", "f1 score", "log_loss"),
    params=("lr", "model"),
    tags=("note",),
    values={
        "recipe": ("ridge", "it's"),
        "params.lr": ("0.1", "1e-3", " 2", "nan", "auto"),
        "tags.note": ("7", "keep it"),
    },
)


def offered(text: str, cursor: int | None = None) -> list[str]:
    return [each.text for each in complete(text, len(text) if cursor is None else cursor, KEYS)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("st", ["status", "started"]),
        ("gull AND met", ["metrics.", "metrics.auc", "metrics.`f1 score`", "metrics.log_loss"]),
        ("metrics.", ["metrics.auc", "metrics.`f1 score`", "metrics.log_loss"]),
        ("METRIC.f1", ["METRIC.`f1 score`"]),
        ("metrics.`f1", ["metrics.`f1 score`"]),
        ("lr", ["params.lr"]),
        ("metrics.auc ", ["=", "!=", ">"]),
        ("best(metrics.l", ["metrics.log_loss"]),
        ("best(metrics.log_loss) ", ["=", "!=", ">"]),
        ("status ", ["=", "!=", ">"]),
        ("status = ", ["'FINISHED'", "'FAILED'"]),
        ("status=fa", ["'FAILED'"]),
        ("status IN ('FAILED', 'LO", ["'LOST'"]),
        ("recipe = it", ["'it''s'"]),
        ("started > ", ["'today'"]),
        ("took > 1", ["'10 s'", "'1 min'"]),
        ("params.lr NOT ", ["IN (", "LIKE", "ILIKE"]),
        ("params.lr IS ", ["NULL", "NOT NULL"]),
        ("params.lr IN ", ["("]),
        ("gull ", ["AND", "OR"]),
        ("(gull ", ["AND", "OR", ")"]),
        ("NOT ", ["status", "name"]),
        ("metrics.auc > ", []),
        ("params.lr = ", ["0.1", "1e-3", "' 2'", "'nan'", "'auto'"]),
        ("params.lr IN (0.1, a", ["'auto'", "'nan'"]),
        ("params.lr >= '1", ["1e-3", "0.1"]),
        ("tags.note = ", ["'7'", "'keep it'"]),
        ("tags.note LIKE 'k", ["'keep it'"]),
        ("best(metrics.auc ", [")"]),
        ("params.lr IN (1 ", [",", ")"]),
        ("stats > 1 AND st", []),
        ("tags.zzz", []),
    ],
)
def test_what_is_proposed(text: str, first: list[str]) -> None:
    assert offered(text)[: len(first) or None] == first


def test_a_proposal_takes_the_place_of_the_word_under_the_cursor() -> None:
    text = "gull AND sta OR tern"
    proposal = complete(text, len("gull AND st"), KEYS)[0]
    assert proposal.apply(text) == ("gull AND status OR tern", len("gull AND status"))
    text = "metrics.`f1 sc"
    assert complete(text, len(text), KEYS)[0].apply(text)[0] == "metrics.`f1 score`"


@settings(deadline=None, max_examples=300)
@given(st.text(" metrics.aucl('`\"<=>)stINANDOR1", max_size=30), st.integers(-2, 40))
def test_proposals_never_fail_and_lie_around_the_cursor(text: str, cursor: int) -> None:
    at = max(0, min(cursor, len(text)))
    for proposal in complete(text, cursor, KEYS):
        assert 0 <= proposal.start <= at <= proposal.end <= len(text)
        new, place = proposal.apply(text)
        assert new[:place].endswith(proposal.text)


@pytest.mark.parametrize(
    "text",
    [
        "metrics.",
        "metrics.auc ",
        "metrics.auc > 1 ",
        "status = ",
        "(status = fa",
        "recipe IN ('r",
        "params.l",
    ],
)
def test_a_proposal_brings_the_search_forward(text: str) -> None:
    """With each proposal in its place, whatever is still wrong is wrong after it."""
    for proposal in complete(text, len(text), KEYS):
        new, place = proposal.apply(text)
        try:
            parse(new)
        except SearchError as error:
            assert error.start >= place or error.end >= len(new)


HELL = Keys(
    metrics=tuple(HOSTILE), params=tuple(HOSTILE), tags=tuple(HOSTILE),
    values={"recipe": tuple(HOSTILE), "params.lr": tuple(HOSTILE)},
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_accepted_proposals_are_a_search_or_the_start_of_one(data: st.DataObject) -> None:
    """What is accepted one after the other, with a space typed between, or a value where none is offered."""
    text = data.draw(st.sampled_from(["", "gull ", "(", "NOT ", "params.lr = ", "best("]))
    for _ in range(data.draw(st.integers(1, 7))):
        offered = complete(text, len(text), data.draw(st.sampled_from([KEYS, HELL])))
        if offered:
            text, at = data.draw(st.sampled_from(offered)).apply(text)
            assert at == len(text)
        elif text.endswith(" "):
            text += data.draw(st.sampled_from(["7", "'x'", "x"]))
        try:
            parse(text)
        except SearchError as error:
            if error.expected is Expected.VALUE and text[error.start :].strip():
                return  # what was typed instead of a proposal is none of its values
            assert error.expected is not Expected.NOTHING or error.end >= len(text), text
            assert not text[error.end :].strip(), text
        if not text.endswith("."):
            text += data.draw(st.sampled_from(["", " "]))


def test_a_word_in_closed_parentheses_is_no_field() -> None:
    assert "=" in [proposal.text for proposal in complete("status ", 7, KEYS)]
    assert [proposal.text for proposal in complete("(status ) ", 10, KEYS)] == ["AND", "OR"]


def test_whose_value_is_typed() -> None:
    assert value_wanted("gull AND params.lr = ", 21) == (Field("params", "lr"), "")
    assert value_wanted("tags.`a b` LIKE 'kee", 20) == (Field("tags", "a b"), "kee")
    assert value_wanted("params.lr IN (1, a", 18) == (Field("params", "lr"), "a")
    for text in (
        "",
        "gull",
        "params.lr ",
        "metrics.auc > ",
        "status = ",
        "params.lr = 1 ",
        "sttus = 1 AND params.a = ",
    ):
        assert value_wanted(text, len(text)) is None
