"""A column that can no longer be read as what it was has moved, and is told in every place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from making_data import write_parquet, write_text
from pilothouse.cli.main import main
from pilothouse.data.reading import DataError
from pilothouse.data.versions import snapshot
from pilothouse.monitoring.chunks import compare_chunks
from pilothouse.monitoring.filedrift import Wishes, compare_files, open_reference
from pilothouse.monitoring.judging import judge_file
from pilothouse.monitoring.quality.in_force import rules_in_force
from pilothouse.monitoring.quality.rules_kept import accept_rules
from pilothouse.monitoring.quality.rules_text import set_rule
from pilothouse.monitoring.report_html import Part, render_html
from pilothouse.monitoring.reports import DriftReport
from pilothouse.monitoring.verdict_words import of_data
from pilothouse.store import Store
from pilothouse.workspace import Workspace


def _columns(seed: int, rows: int = 400) -> dict[str, Any]:
    dice = np.random.default_rng(seed)
    return {
        "x": dice.normal(size=rows).round(3), "z": dice.normal(size=rows).round(3),
        "n": dice.integers(0, 900, rows), "rooms": dice.integers(1, 5, rows),
        "k": dice.choice(["a", "b"], rows), "y": dice.choice(["no", "yes"], rows),
    }  # fmt: skip


def _csv(path: Path, columns: dict[str, Any], separator: str = ",") -> Path:
    lines = [separator.join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    return write_text(path, "\n".join([separator.join(columns), *lines, ""]))


@pytest.fixture
def then(tmp_path: Path) -> Path:
    return _csv(tmp_path / "then.csv", _columns(1))


def _compare(then: Path, columns: dict[str, Any], wishes: Wishes) -> DriftReport:
    now = _csv(then.parent / "now.csv", columns)
    return compare_files(open_reference(str(then), wishes), [now], wishes)


@pytest.mark.parametrize("tests", [(), ("ks",), ("wasserstein", "psi")])
def test_one_word_among_numbers_is_a_column_that_moved_by_whatever_test(
    then: Path, tests: tuple[str, ...]
) -> None:
    columns = _columns(2)
    columns["x"] = ["n/a" if at == 7 else value for at, value in enumerate(columns["x"])]
    report = _compare(then, columns, Wishes(target="y", tests=tests))
    assert (report.unreadable, report.alarming, report.dataset_drift) == (["x"], True, False)
    assert of_data(report) == ("▲", "some moved") and report.left_out == ()
    (x,) = report.drifted
    assert x.moved == "unreadable: text in 1 of 400 rows" and x.p_value is None and x.score > 1
    now = "it is text (for example 'n/a') in 1 of 400 rows, where a number is expected"
    assert x.told == f"`x` cannot be read: {now}"
    assert x.bins[-2:] == ("(unreadable)", "(missing)") and x.current_counts[-2:] == (400, 0)
    assert DriftReport.from_json(report.to_json()) == report
    told = json.loads(report.to_json())
    assert told["unreadable"] == ["x"] and x.told in told["changes"]
    assert "one that cannot be read any more" in render_html([Part("", report)], current="a", reference="b")


def test_a_target_that_cannot_be_read_is_under_no_green_sign(then: Path) -> None:
    report = _compare(then, {**_columns(2), "y": ["perhaps"] * 400}, Wishes(target="y"))
    assert report.unreadable == ["y"] and of_data(report)[0] == "▲" and not report.drifted


def test_enough_of_them_are_a_drift_and_all_of_them_other_data(then: Path) -> None:
    columns = _columns(2)
    commas = {name: [str(value).replace(".", ",") for value in columns[name]] for name in ("x", "z")}
    now = _csv(then.parent / "now.csv", {**columns, **commas}, ";")
    report = compare_files(open_reference(str(then), Wishes()), [now], Wishes())
    assert report.unreadable == ["x", "z"] and report.dataset_drift
    _csv(now, {name: ["?"] * 9 for name in ("x", "z", "n", "rooms")})
    exclude = Wishes(exclude=("k", "y"))
    with pytest.raises(DataError, match=r"now\.csv the column 'x' is text \(for example '\?'\)"):
        compare_files(open_reference(str(then), exclude), [now], exclude)


def test_whole_numbers_that_are_not_whole_any_more_are_compared(then: Path) -> None:
    columns = _columns(2)
    columns["n"], columns["rooms"] = columns["n"] + 0.25, [2.5, *columns["rooms"][1:]]
    report = _compare(then, columns, Wishes())
    assert not report.unreadable and not report.drifted
    rooms = next(column for column in report.columns if column.column == "rooms")
    assert dict(zip(rooms.bins, rooms.current_counts, strict=True))["(new values)"] == 1


def test_infinite_values_are_told_where_there_were_none(then: Path) -> None:
    columns = _columns(2)
    columns["x"][:3] = np.inf
    report = _compare(then, columns, Wishes())
    assert not report.drifted
    (said,) = [one for one in report.to_dict()["changes"] if "`x`" in one]
    assert said.endswith("`x` has 3 infinite values")
    again = compare_files(
        open_reference(str(then.parent / "now.csv"), Wishes()), [then.parent / "now.csv"], Wishes()
    )
    assert not any(column.infinite for column in again.columns)


def test_chunks_of_files_are_told_apart_and_others_are_not(then: Path) -> None:
    columns = _columns(2)
    bad = _csv(then.parent / "bad.csv", {**columns, "x": ["?", *columns["x"][1:]]})
    good = _csv(then.parent / "good.csv", columns)
    reference = open_reference(str(then), Wishes())
    chunks, _ = compare_chunks(reference, [bad, good], "file", Wishes())
    assert [chunk.report.unreadable for chunk in chunks] == [["x"], []]
    chunks, _ = compare_chunks(reference, [bad, good], "200", Wishes())
    assert [chunk.report.unreadable for chunk in chunks] == [["x"]] * 4
    days = {"day": ["2025-01-01", "2025-02-01"] * 200, **columns}
    reference = open_reference(str(_csv(then.parent / "days.csv", days)), Wishes())
    wishes = Wishes(exclude=("day",))
    chunks, _ = compare_chunks(reference, [then.parent / "days.csv"], "month", wishes)
    assert [chunk.report.n_current for chunk in chunks] == [200, 200]
    bad = _csv(then.parent / "bad.csv", {**days, "day": ["soon"] * 400})
    with pytest.raises(DataError, match=r"the column 'day' is text \(for example 'soon'\), where a date"):
        compare_chunks(reference, [bad], "month", wishes)


def test_the_command_says_it_on_stdout_and_by_its_exit_code(
    then: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = _columns(2)
    now = _csv(then.parent / "now.csv", {**columns, "x": ["?", *columns["x"][1:]]})
    words = ["drift", str(now), "--reference", str(then), "--target", "y"]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert (
        "▲ some moved" in out and "`x` cannot be read: it is text (for example '?') in 1 of 400 rows" in out
    )
    assert "1 of 5 columns moved, 20%, among them one that cannot be read any more;" in out
    assert "Not compared" not in err
    assert main([*words, "--exit-code"]) == 1
    assert main([*words, "--exit-code", "--chunk", "file"]) == 1
    capsys.readouterr()
    assert main([*words, "--multivariate", "pca"]) == 0
    assert "principal components" in capsys.readouterr().out
    _csv(now, columns)
    assert main([*words, "--exit-code"]) == 0


@pytest.fixture
def landed(workspace: Workspace, store: Store) -> Path:
    folder = workspace.root / "data"
    write_parquet(folder / "jan.parquet", {**_columns(1), "y": np.arange(400) % 2})
    snapshot(workspace, store, workspace.config().model())
    return folder


def test_what_is_watched_hangs_on_what_the_model_reads_whatever_the_schema_says(
    workspace: Workspace, store: Store, landed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = workspace.config().model()
    found = rules_in_force(workspace, store, model)
    accept_rules(store, "late", set_rule(found.rules, "x.type=text"), seen=None)
    moved = _csv(landed / "feb.csv", {**_columns(2), "x": _columns(2)["x"] * 100, "y": np.arange(400) % 2})
    verdict = judge_file(workspace, store, model, moved)
    assert verdict.status == "ok" and verdict.report
    assert [column.column for column in verdict.report.drifted] == ["x"]
    (finding,) = verdict.findings
    assert (finding.severity, finding.rule, finding.column) == ("warning", "rule-type", "x")
    assert finding.message.startswith("'x' is a number in feb.csv, and that is what the model reads;")
    assert finding.next.endswith("reads a number there: `pilothouse schema set x.type=number`.")
    word = _csv(landed / "mar.csv", {**_columns(2), "x": ["?", "?", "!", "!"] * 100, "y": np.arange(400) % 2})
    verdict = judge_file(workspace, store, model, word)
    assert (verdict.status, verdict.findings) == ("ok", ())
    assert verdict.report and verdict.report.unreadable == ["x"]
    assert main(["drift", "mar.csv", "--column", "x", "--workspace", str(workspace.root)]) == 0
    out, err = capsys.readouterr()
    assert "`x` cannot be read" in out and "any more" not in err
    # As the advice says.
    accept_rules(
        store, "late", set_rule(rules_in_force(workspace, store, model).rules, "x.type=number"), seen=1
    )
    assert judge_file(workspace, store, model, moved).findings == ()
    finding, look = judge_file(workspace, store, model, word).findings
    assert finding.rule == "type" and finding.next.endswith(" reads a number there.")
    assert look.message == "A look at its drift: 1 of 5 columns moved: x unreadable: text."


def test_a_type_that_the_model_cannot_read_is_accepted_only_where_that_is_asked_for(
    workspace: Workspace, store: Store, landed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--workspace", str(workspace.root)]
    assert main(["schema", "accept", "--yes", *where]) == 0
    columns = {**_columns(2), "y": np.arange(400) % 2}
    _csv(landed / "feb.csv", {**columns, "x": ["?", *columns["x"][1:]], "new": [1.5] * 400})
    assert main(["check", *where]) == 1
    assert "accept its new type" not in capsys.readouterr().out
    assert main(["schema", "accept", "feb.csv", "--yes", *where]) == 1
    said = capsys.readouterr().err
    assert "'x' would be text from now on, but dataset " in said and "reads a number there." in said
    assert "The schema is as it was." in said and "--new-types" in said
    assert main(["schema", "accept", "feb.csv", "--yes", "--new-types", *where]) == 0
    assert "▲ 'x' would be text from now on" in capsys.readouterr().err
    # Of a column that the model does not know the files that landed are asked.
    _csv(landed / "mar.csv", {**columns, "x": ["?"] * 400, "new": ["?"] * 400})
    assert main(["check", "feb.csv", *where]) == 0
    capsys.readouterr()
    assert main(["schema", "accept", "mar.csv", "--yes", *where]) == 1
    assert "'new' would be text from now on, but it is a number in feb.csv." in capsys.readouterr().err
    assert main(["schema", "set", "x.type=number", "--new-types", *where]) == 2


def test_whole_numbers_may_become_others(
    workspace: Workspace, store: Store, landed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--workspace", str(workspace.root)]
    assert main(["schema", "accept", "--yes", *where]) == 0
    columns = {**_columns(2), "y": np.arange(400) % 2}
    _csv(landed / "feb.csv", {**columns, "n": columns["n"] + 0.5})
    assert main(["check", "feb.csv", *where]) == 1
    assert main(["schema", "accept", "feb.csv", "--yes", *where]) == 0
    assert main(["check", "feb.csv", *where]) == 0
