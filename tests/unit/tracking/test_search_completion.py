"""What the filter box proposes while a search is typed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.tracking.search import Keys, SearchError, complete, parse

KEYS = Keys(
    metrics=("auc", "f1 score", "log_loss"),
    params=("lr", "model"),
    tags=("note",),
    values={"recipe": ("ridge", "it's")},
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
