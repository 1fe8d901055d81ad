"""What may be written, what it means, and what is said about the rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hostile import HOSTILE
from pilothouse.tracking.search import SearchError, parse, render
from pilothouse.tracking.search.nodes import And, Compare, Field, Node, Not, Number, Or, Text, Word, walk
from pilothouse.tracking.search.parser import MAX_DEPTH, MAX_TERMS, MAX_VALUES
from pilothouse.tracking.search.times import moment_of, seconds_of
from unit.tracking.searching import searches

# Every filter in MLflow's guide to searching runs (and in its older editions).
MLFLOW = """
metrics.accuracy > 0.72
metrics.accuracy > 0.92
metrics.loss > 0.8
metrics.loss <= 0.15
metrics.accuracy != 0.15
metrics."accuracy" > 0.72
metrics.`log-scale-loss` <= 0
metrics.`f1 score` >= 0.5
metrics.`cross-entropy-loss` < 0.5
metrics.accuracy > 0.72 AND metrics.loss <= 0.15
metrics.accuracy > 0.72 AND metrics.batch_size != 0
metrics.accuracy > 0.72 AND metrics.batch_size != 0 AND attributes.run_id IN ('a1b2c3d4', 'e5f6g7h8')
metrics.loss <= 0.15 AND metrics.loss >= 0.1
metrics."2019-04-02 error rate" < 1
metrics.`error rate` < 1
metrics.accuracy_score < 99.90
metrics.rmse < 0.9 and tags.production = 'true'
params.model = "GPT-4o"
params.model LIKE "GPT%"
params.model ILIKE "gPt%"
params.model LIKE "GPT%" AND params.batch_size = "2"
params.batch_size != "None"
params.`1st_iteration_timestamp` = "2022-01-01"
params."model-type" = 'x'
params.model = "LogisticRegression" and params.lambda = "0.001" and metrics.error <= 0.05
params.alpha = "0.3" and params.lambda = "0.001" and metrics.error <= 0.05
params.model = 'CNN' and params.layers = '10' and metrics.`prediction accuracy` >= 0.945
params.model = 'CNN' and params.layers = '10' and metrics.'prediction accuracy' >= 0.945
params.model = 'Inception'
tags."environment" = "notebook"
tags.environment = "notebook"
tags.task = "Classification"
tags.task ILIKE "classif%"
tags.`mlflow.user` = 'john@mlflow.com'
tags."mlflow.runName" = "keras-hyperparam-search"
tags.`mlflow.parentRunId` = 'a'
tags.mlflow.parentRunId = 'a'
tags.`model` LIKE 'sklearn%'
tags.`type` ILIKE '%Logistic%'
tag.`test` = 'abc'
tag.`test` = "abc"
datasets.name LIKE "custom"
datasets.name like "custom"
datasets.name IN ('custom', 'also custom', 'another custom name')
datasets.digest IN ('s8ds293b', 'jks834s2')
datasets.context = "train"
dataset.name = 'x'
attributes.status = 'ACTIVE'
attributes.status = "FINISHED"
attributes.status = "FAILED"
attributes.user_id = 'user1'
attributes.user_id LIKE "user1"
attributes.artifact_uri = 'models:/mymodel/1'
attributes.run_name = "my-run"
attributes.run_id = 'a1b2c3d4'
attributes.run_id IN ('5984a3488161440f92de9847e846b342')
attributes.run_id IN ('5984a3488161440f92de9847e846b342', 'babe221a676b4fa4b204f8240f2c4f14')
attributes.`run_name` IN ('alpha', 'beta', 'gamma')
attributes.`run name` IN ('alpha', 'beta', 'gamma')
attributes.`Run name` IN ('alpha', 'beta', 'gamma')
attributes.`Run Name` NOT IN ('alpha', 'beta', 'gamma')
attributes.start_time >= 1664067852747
attributes.end_time < 1664067852747
attributes.created > 1664067852747
attributes.Created > 1670628787527
status = 'FINISHED'
run.status = 'FINISHED'
attr.status = 'FINISHED'
attribute.status = 'FINISHED'
metric.accuracy > 0.72
param.model = 'x'
parameter.model = 'x'
parameters.model = 'x'
params.model IS NULL
tags.owner IS NOT NULL
""".strip().splitlines()


@pytest.mark.parametrize("text", MLFLOW)
def test_mlflow_filters_are_read_as_conditions(text: str) -> None:
    root = parse(text).root
    assert root is not None
    assert not any(isinstance(node, Word) for node in walk(root))
    assert parse(render(root)).root == root


def compared(text: str) -> Node | None:
    return parse(text).root


def test_what_a_search_means() -> None:
    a, b, c = (Compare(Field("metrics", key), ">", Number(1.0)) for key in "abc")
    assert compared("metrics.a > 1 OR metrics.b > 1 AND metrics.c > 1") == Or((a, And((b, c))))
    assert compared("(metric.a>1 or metrics.b>1) metrics.c>1") == And((Or((a, b)), c))
    assert compared("not metrics.a > 1 and metrics.b > 1") == And((Not(a), b))
    assert compared("gull  metrics.a > 1") == And((Word("gull"), a))
    assert compared("") is compared("  \n ") is None
    assert compared("status = failed") == Compare(Field("attributes", "status"), "=", Text("FAILED"))
    assert compared("params.lr < 1e-1") == Compare(Field("params", "lr"), "<", Number(0.1))
    assert compared("params.lr = '0.1'") == Compare(Field("params", "lr"), "=", Text("0.1"))
    assert compared("params.lr = auto,x") == Compare(Field("params", "lr"), "=", Text("auto,x"))
    assert compared("best(loss) <> 1") == Compare(Field("metrics", "loss", "best"), "!=", Number(1.0))
    assert compared("MAX(metrics.`f1 score`) == 1") == Compare(
        Field("metrics", "f1 score", "max"), "=", Number(1)
    )
    assert compared("tags.x = 'it''s'") == Compare(Field("tags", "x"), "=", Text("it's"))
    assert compared("took > 2 min gull") == And(
        (Compare(Field("attributes", "took"), ">", Number(120.0)), Word("gull"))
    )
    assert compared("took > '1h 30m'") == Compare(Field("attributes", "took"), ">", Number(5400.0))
    assert compared("started > 2 days ago") == compared("start_time > '2 days ago'")


@pytest.mark.parametrize(
    "text",
    [
        "gull",
        "run.py",
        "lr=0.1",
        "lr=",
        "it's",
        "a,b",
        "status",
        "-5",
        "wow!",
        "[/foo]",
        "../etc",
        "%",
        "s-1.csv",
    ],
)
def test_a_plain_word_is_searched_for_as_it_stands(text: str) -> None:
    assert compared(text) == Word(text)
    assert compared(f"({text} OR {text})") == Or((Word(text), Word(text)))


def test_a_phrase_and_words() -> None:
    assert compared('"random forest" FAILED') == And((Word("random forest"), Word("FAILED")))
    assert compared("model is_good") == And((Word("model"), Word("is_good")))
    assert compared("results in progress") == And((Word("results"), Word("in"), Word("progress")))


@pytest.mark.parametrize(
    ("text", "column", "says", "hint"),
    [
        ("metrcs.auc > 0.9", 1, "'metrcs' is no prefix", "Did you mean metrics?"),
        ("gull AND stats = 'x'", 10, "no attribute", "Did you mean status?"),
        ("attributes.statu = 'x'", 1, "no attribute", "status"),
        ("lr > 0.1", 1, "no attribute", "params.lr"),
        ("metrics.auc", 12, "needs a comparison", "> 0.9"),
        ("name ~ 'x'", 6, "~ is no comparison", "LIKE '%part%'"),
        ("name =~ 'x'", 6, "=~ is no comparison", "LIKE '%part%'"),
        ("gull tags.a !~ x", 13, "comparison", ""),
        ("metrics.auc >", 14, "needs a value", ""),
        ("metrics.auc > high", 15, "is a number", ""),
        ("metrics.auc > = 3", 15, "needs a value", ""),
        ("metrics.auc LIKE '9%'", 18, "LIKE compares texts", ""),
        ("metrics. > 3", 9, "key is missing", "metrics.auc"),
        ("started > soon", 11, "is a time", ""),
        ("took > long", 8, "duration", ""),
        ("tags.n < 5", 10, "is a text", ""),
        ("tag.test = `abc`", 12, "quotes", "Backticks"),
        ("params.x = NULL", 12, "needs a value", "IS NULL"),
        ("params.x IS 3", 13, "NULL or NOT NULL", ""),
        ("params.x IN 3", 13, "list in parentheses", "IN ('a', 'b')"),
        ("params.x IN ()", 14, "needs a value", ""),
        ("params.x IN (1 2)", 16, "comma", ""),
        ("max(params.x) > 1", 5, "of a metric", ""),
        ("(gull", 6, "A ) is missing", ""),
        ("gull)", 5, "closes nothing", ""),
        ("gull OR", 8, "missing", ""),
        ("AND gull", 1, "missing before AND", ""),
        ("params.x = 'abc", 12, "never closed", ""),
        ("gull metrics.`f1", 14, "never closed", ""),
        ("<script>", 1, "field on its left", "quotes"),
        ("a\ud800b", 2, "Half a character", ""),
        ("datasets.nam = 'x'", 1, "dataset has no", "name"),
    ],
)
def test_errors_point_at_the_place_and_name_what_is_near(
    text: str, column: int, says: str, hint: str
) -> None:
    with pytest.raises(SearchError) as caught:
        parse(text)
    error = caught.value
    assert error.column == column
    assert says in error.what
    assert hint in error.hint
    shown, carets = error.excerpt()
    assert carets.index("^") <= len(shown)


def test_the_caret_stands_under_the_word_in_a_long_search() -> None:
    with pytest.raises(SearchError) as caught:
        parse("gull " * 40 + "stats = 1 " + "gull " * 40)
    shown, carets = caught.value.excerpt()
    assert shown[carets.index("^") : carets.rindex("^") + 1] == "stats"
    assert len(shown) < 80
    assert shown in str(caught.value)


def test_a_search_that_would_keep_the_store_too_long_is_refused() -> None:
    assert parse("gull " * MAX_TERMS).words == ("gull",) * MAX_TERMS
    listed = ", ".join(["1"] * MAX_VALUES)
    assert compared(f"metrics.a IN ({listed})") is not None
    for text in ("gull " * (MAX_TERMS + 1), f"metrics.a IN ({listed}, 1)", "NOT " * (MAX_DEPTH + 1) + "a"):
        with pytest.raises(SearchError, match="More than"):
            parse(text)


@settings(deadline=None, max_examples=400)
@given(node=searches)
def test_a_search_written_out_is_read_as_itself(node: Node) -> None:
    assert parse(render(node)).root == node


_PIECES = "metrics. params.lr status started took max( ( ) IN NOT AND OR IS NULL LIKE = < > != , ' \" ` 'a'"
pieces = st.sampled_from(_PIECES.split())


@settings(deadline=None, max_examples=500)
@example("NOT " * 1000 + "a")
@example("(" * 1000)
@example("a " * 10_000)
@example("9" * 50_001)
@example("metrics.a > 1" + "0" * 400)
@example("started > " + "9" * 40)
@example("started > 99999999999 years ago")
@example("started > 0000-01-01")
@given(st.one_of(st.text(), st.lists(pieces).map(" ".join), st.lists(pieces).map("".join)))
def test_any_text_is_read_or_refused_with_a_column_in_it(text: str) -> None:
    try:
        root = parse(text).root
    except SearchError as error:
        assert 1 <= error.column <= len(text) + 1
        assert str(error)
    else:
        assert parse(render(root)).root == root
        for node in walk(root) if root else ():
            assert 0 <= node.span[0] < node.span[1] <= len(text)


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.strip()])
def test_any_text_can_be_searched_for_in_quotes(text: str) -> None:
    quoted = '"' + text.replace('"', '""') + '"'
    assert compared(quoted) == Word(text)
    assert compared(f"tags.{quoted} = {quoted}") == Compare(Field("tags", text), "=", Text(text))


def test_times() -> None:
    now = datetime(2026, 3, 14, 15, 9, tzinfo=UTC)
    hour = timedelta(hours=1)
    assert moment_of("2 hours ago", now) == (now - 2 * hour, now - 2 * hour)
    assert moment_of("1h 30m ago", now) == (now - 1.5 * hour, now - 1.5 * hour)
    assert moment_of("1664067852747", now) == (datetime.fromtimestamp(1664067852.747, UTC),) * 2
    assert moment_of("2026-01-31T09:00Z", now) == (datetime(2026, 1, 31, 9, tzinfo=UTC),) * 2
    today, yesterday = moment_of("today", now), moment_of(" Yesterday", now)
    assert today and yesterday and today[0] == yesterday[1] and today[0] <= now < today[1]
    assert moment_of("2026-03-14", now) is not None
    for nothing in ("", "soon", "2 days", "2026-13-01", "2026-1-1", "20260101x", "ago", "-1 days ago", "W"):
        assert moment_of(nothing, now) is None
    assert seconds_of("1h30m") == 5400 and seconds_of("250ms") == 0.25 and seconds_of("2 weeks") == 1_209_600
    assert seconds_of("5") is seconds_of("min") is seconds_of("") is None
