"""Documents say all of it, can be read back, and let no name out of its cell."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from answering import subjects
from hypothesis import given
from hypothesis import strategies as st

from hostile import HOSTILE
from pilothouse.cli.main import main
from pilothouse.comparing.document import escaped, to_json, to_markdown, tree_of, writer_for
from pilothouse.comparing.document_csv import HEADER, to_csv
from pilothouse.comparing.facts import compare_subjects
from pilothouse.comparing.findings import (
    BETTER,
    UNDECIDED,
    Code,
    CodeChange,
    Curve,
    Data,
    DataChange,
    FileChange,
    Findings,
    Interval,
    Judgement,
    Measured,
    Moved,
    Setting,
    Slice,
    SlicedColumn,
    Slices,
    section_from,
)
from pilothouse.comparing.wording import headline, headlines
from pilothouse.errors import UsageError
from pilothouse.store import list_events, open_store
from pilothouse.workspace import Workspace

NAMES = [*HOSTILE, "=HYPERLINK(1)", "+1", "-2", "@x", "a|b", "```", "<b>", "[x](javascript:1)", "| --- |"]
NEAR = Interval(0.01, 0.002, 0.018, BETTER)
OPEN = Interval(-0.01, -0.03, 0.01, UNDECIDED)


def findings(name: str) -> Findings:
    """Every section, with one name wherever a name can be."""
    return Findings(
        judgement=Judgement(
            name, 10_886, "days", 47, 2000, 7, 0.95,
            (Measured("roc_auc", (0.7, 0.71), (None, NEAR)), Measured(name, (None, 0.5), (None, OPEN))),
            ((name, name),), (name,),
        ),
        slices=Slices(
            "roc_auc",
            (SlicedColumn(name, "its values", 0.99, (
                Slice(name, 300, (0.6, 0.7), (None, NEAR), False),
                Slice("small", 9, (None, 0.7), (None, Interval(0.1, None, None, "")), True),
            )),),
            (name,),
        ),
        curves=(Curve(name, "x", "y", (((0.0, 0.0), (1.0, 1.0)), ()), name),),
        code=Code(
            (name, name),
            (CodeChange(name, name, (FileChange(name, "changed", 1, 2),), f"+{name}", True),),
        ),
        environment=(Setting("packages", name, (name, None), True),),
        data=Data((name, name), (
            DataChange(name, name, (name,), 3, (name,), (), (), (name,),
                       (Moved(name, "numeric", 0.2, 0.1, True, name),),
                       Moved("y", "category", 0, 0.1, False, "")),
        )),
        untold={"slices": name},
    )  # fmt: skip


def comparison(name: str):  # type: ignore[no-untyped-def]
    one, two = subjects(2)
    run = replace(two.run, name=name, params={name or "k": name}, metrics={"roc_auc": 0.7}, tags={"t": name})
    return compare_subjects((one, replace(two, label=name, run=run)))


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_every_table_of_the_markdown_keeps_its_columns(name: str) -> None:
    text = to_markdown(comparison(name), findings(name))
    assert all(char.isprintable() or char in "\n\t" for char in text)
    width = 0
    fence = ""
    for line in text.splitlines():
        if fence:
            fence = "" if line == fence else fence
            continue
        if line.startswith("```"):
            fence = line.removesuffix("diff")
            continue
        assert not re.search(r"(?<!\\)<b>", line)
        if not line.startswith("|"):
            width = 0
            continue
        cells = len(re.findall(r"(?<!\\)\|", line.replace("\\\\", "")))
        assert width in (0, cells), line[:200]
        width = cells
    assert not fence


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_the_csv_is_read_back_and_holds_no_formula(name: str) -> None:
    table = list(csv.DictReader(io.StringIO(to_csv(comparison(name), findings(name)))))
    assert list(table[0]) == list(HEADER)
    for line in table:
        assert None not in line
        for value in line.values():
            try:
                float(value)
            except ValueError:
                assert not value.lstrip().startswith(("=", "+", "-", "@")), value
    judged = next(line for line in table if line["section"] == "judgement" and line["difference"])
    assert (float(judged["value"]), float(judged["low"]), judged["verdict"]) == (0.71, 0.002, "better")
    assert {"judgement", "slices", "curves", "code", "environment", "data"} <= {
        line["section"] for line in table
    }


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_the_json_is_read_back_as_what_it_was(name: str) -> None:
    found = findings(name)
    tree = json.loads(to_json(comparison(name), found))
    assert tree["subjects"][1]["label"] == name
    for section in ("judgement", "slices", "curves", "code", "environment", "data"):
        assert section_from(section, tree[section]) == getattr(found, section)
    with pytest.raises(ValueError, match="where"):
        section_from("judgement", {"where": 3})


@given(st.text(max_size=60))
def test_no_text_leaves_its_cell(text: str) -> None:
    cell = escaped(text)
    assert "\n" not in cell
    assert cell
    assert not re.search(r"(?<!\\)(?:\\\\)*\|", cell)


def test_words() -> None:
    found = findings("x").judgement
    assert found is not None
    said = headlines(found, ["v1", "v2"])
    assert said == [
        "v2 is better than v1 by roc_auc: +0.0100 (95% interval +0.0020 … +0.0180). "
        "Of all 2 metrics: 1 better, 1 not told apart."
    ]
    text = to_markdown(comparison("v2"), findings("x"))
    assert "no difference that these rows can show" in text
    assert "too few to tell" in text
    assert to_markdown(comparison("v2"), Findings()).count("This was not asked for.") == 1
    assert tree_of(comparison("v2"), Findings())["judgement"] is None


def test_each_has_its_own_sentence_whatever_the_others_are_called() -> None:
    judged = replace(
        findings("x").judgement, metrics=(Measured("auc", (0.7, 0.71, 0.69), (None, NEAR, OPEN)),)
    )
    labels = ["sweep-123", "sweep-12", "sweep-1"]
    assert headline(judged, labels, 1).startswith("sweep-12 is better than sweep-123 by auc")
    assert headline(judged, labels, 2).startswith("By auc, these rows show no difference between sweep-1 ")
    assert headlines(judged, labels) == [headline(judged, labels, n) for n in (1, 2)]
    left = replace(judged, metrics=(Measured("auc", (0.7, None, 0.69), (None, None, OPEN)),))
    assert headline(left, labels, 1) == "", "it was not judged"
    assert len(headlines(left, labels)) == 1


def test_the_name_of_the_file_says_which_document() -> None:
    assert writer_for(Path("a.MD")) is to_markdown
    with pytest.raises(UsageError, match=r"\.md, \.csv or \.json"):
        writer_for(Path("report.docx"))


def test_the_command(
    trained: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(trained.root)
    assert main(["compare", "v1", "two", "--save", "both.md", "--by", "a"]) == 0
    shown = capsys.readouterr()
    assert "Judged on the same 60 rows" in shown.out
    assert "roc_auc by a, quarters of its values" in shown.out
    assert "Saved as both.md" in shown.err
    assert (trained.root / "both.md").read_text().startswith("# v1 against two")
    assert main(["compare", "v1", "v2", "--baseline", "v2", "--json", "--save", "both.json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((trained.root / "both.json").read_text())
    assert [one["label"] for one in told["subjects"]] == ["v2", "v1"]
    assert told["judgement"]["rows"] == 60
    assert main(["compare", "v1", "v2", "--no-intervals", "--json"]) == 0
    quick = json.loads(capsys.readouterr().out)
    assert quick["judgement"] is None
    assert quick["environment"]
    events = list_events(open_store(trained), kind="compare")
    assert [event.message for event in events] == [
        "v2 against v1 was saved as both.json.", "v1 against two was saved as both.md.",
    ]  # fmt: skip
    assert len(events[0].data["runs"]) == 2
    assert str(trained.root) not in str([event.data for event in events]), "nothing absolute is stored"
    assert main(["compare", "v1", "v2", "--save", "both.pdf"]) == 2
    capsys.readouterr()
    assert main(["compare", "v1", "v2", "--save", "nowhere/both.md"]) == 1
    refused = capsys.readouterr()
    assert not refused.out, "told before anything is judged"
    assert "There is no folder nowhere" in refused.err
    (trained.root / "notes.md").write_text("my notes")
    assert main(["compare", "v1", "v2", "--save", "notes.md"]) == 1
    refused = capsys.readouterr()
    assert not refused.out, "told before anything is judged"
    assert "notes.md exists already" in refused.err and "--force" in refused.err
    assert (trained.root / "notes.md").read_text() == "my notes"
    assert len(list_events(open_store(trained), kind="compare")) == 2
    assert main(["compare", "v1", "v2", "--no-intervals", "--save", "notes.md", "--force"]) == 0
    assert (trained.root / "notes.md").read_text().startswith("# v1 against v2")
    capsys.readouterr()
    assert main(["compare", "v1", "v2", "--by", "height"]) == 2
    assert main(["compare", "v1", "nobody"]) == 1
