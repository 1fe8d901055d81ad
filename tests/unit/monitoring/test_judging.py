from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from judged import judge, learned_from, numbers_and_letters
from making_data import write_parquet, write_text
from pilothouse.cli.main import main
from pilothouse.data.inferring import infer_schema
from pilothouse.data.reading import DataError
from pilothouse.data.versions import snapshot
from pilothouse.errors import NotFoundError
from pilothouse.monitoring.profile import profile_files
from pilothouse.monitoring.reference import find_reference
from pilothouse.monitoring.verdicts import accept_arrival, get_drift_report, list_arrivals, list_drift_reports
from pilothouse.store import Store, list_events
from pilothouse.workspace import Workspace


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.fixture
def folder(workspace: Workspace, store: Store, rng: np.random.Generator) -> Path:
    return learned_from(workspace, store, rng)


def test_a_steady_and_a_moved_file(
    workspace: Workspace, store: Store, folder: Path, rng: np.random.Generator
) -> None:
    steady = judge(workspace, store, write_parquet(folder / "feb.parquet", numbers_and_letters(rng, 500)))
    moved = judge(workspace, store, write_parquet(folder / "mar.parquet", numbers_and_letters(rng, 500, 1.0)))
    assert (steady.status, moved.status) == ("ok", "ok")
    assert steady.report and moved.report
    assert not steady.report.dataset_drift
    assert moved.report.dataset_drift
    assert moved.report.target and moved.report.target.column == "y"
    assert {column.column for column in moved.report.columns} == {"x0", "x1", "x2", "k"}
    told = [(event.kind, event.subject) for event in list_events(store)][:2]
    assert told == [("drift", "mar.parquet"), ("drift", "feb.parquet")]
    assert "mar.parquet drifted from dataset" in list_events(store)[0].message
    assert list_events(store)[0].data["share_drifted"] == moved.report.share_drifted


def test_the_same_bytes_are_judged_once(
    workspace: Workspace, store: Store, folder: Path, rng: np.random.Generator
) -> None:
    path = write_parquet(folder / "feb.parquet", numbers_and_letters(rng, 500))
    first = judge(workspace, store, path)
    events = len(list_events(store))
    assert judge(workspace, store, path) == first
    assert len(list_events(store)) == events
    assert len(list_arrivals(store, "late")) == 1
    write_parquet(path, numbers_and_letters(rng, 400))
    second = judge(workspace, store, path)
    assert second.sha256 != first.sha256
    assert len(list_arrivals(store, "late")) == 2


def test_what_the_reference_is_made_of_is_checked_and_not_compared_with_itself(
    workspace: Workspace, store: Store, folder: Path, rng: np.random.Generator
) -> None:
    events = len(list_events(store))
    verdict = judge(workspace, store, folder / "jan.parquet")
    assert (verdict.status, verdict.report, verdict.stored) == ("ok", None, False)
    assert "is made of it" in verdict.findings[0].message
    assert (list_arrivals(store), len(list_events(store))) == ([], events)
    feb = write_parquet(folder / "feb.parquet", numbers_and_letters(rng, 500))
    first = judge(workspace, store, feb)
    assert first.report and first.report.question == 1
    # Now it is learned from, too: what was found when it landed stays, and nothing new is asked.
    made = snapshot(workspace, store, workspace.config().model())
    again = judge(workspace, store, feb)
    assert (again.report, again.reference) == (first.report, first.reference)
    assert made.version not in again.reference
    assert len(list_drift_reports(store, "late")) == 1


def test_a_copy_is_named_and_neither_judged_nor_taken(
    workspace: Workspace, store: Store, folder: Path, rng: np.random.Generator
) -> None:
    first = write_parquet(folder / "feb.parquet", numbers_and_letters(rng, 500))
    assert judge(workspace, store, first).findings == ()
    for original, copy in ((first, "a.parquet"), (folder / "jan.parquet", "b.parquet")):
        # Bytes and time alike, as `cp -p` leaves them: what landed first is the original.
        shutil.copy2(original, folder / copy)
        verdict = judge(workspace, store, folder / copy)
        said = f"{copy} is a copy of {original.name}, byte for byte: it is not judged, and not used again."
        assert (verdict.status, verdict.report, verdict.rows) == (
            "copy",
            None,
            500 if copy[0] == "a" else 2000,
        )
        assert [(one.rule, one.severity, one.message) for one in verdict.findings] == [("copy", "note", said)]
        assert list_events(store)[0].message == said
        assert judge(workspace, store, original).status == "ok"
    told: list[str] = []
    made = snapshot(workspace, store, workspace.config().model(), tell=told.append)
    assert [file.name for file in made.files] == ["feb.parquet", "jan.parquet"] and made.rows == 2500
    assert told == ["a.parquet is a copy of feb.parquet and 1 more: each content is taken once."]
    # One whose original is gone is no copy.
    first.unlink()
    assert judge(workspace, store, folder / "a.parquet").status == "ok"


@pytest.mark.parametrize("copied_later", [True, False])
def test_of_files_that_landed_together_the_later_or_longer_is_the_copy(
    workspace: Workspace, store: Store, folder: Path, rng: np.random.Generator, copied_later: bool
) -> None:
    first = write_parquet(folder / "x.parquet", numbers_and_letters(rng, 300))
    copy = shutil.copy2(first, folder / ("a.parquet" if copied_later else "a copy of x.parquet"))
    os.utime(copy, ns=(0, first.stat().st_mtime_ns + (1 if copied_later else -(10**9))))
    assert [judge(workspace, store, path).status for path in (copy, first)] == ["copy", "ok"]
    made = snapshot(workspace, store, workspace.config().model())
    assert [file.name for file in made.files] == ["jan.parquet", "x.parquet"]


def test_a_held_file_is_told_once_and_stays_out_until_it_is_accepted(
    workspace: Workspace, store: Store, folder: Path
) -> None:
    config = workspace.config().model()
    bad = write_text(folder / "feb.csv", "x0,x1,x2,k,y\n1,2,3,a\n")
    for _ in range(2):
        verdict = judge(workspace, store, bad)
        assert verdict.status == "held"
        assert verdict.report is None
        assert "line 2 has 4 fields" in verdict.findings[0].message
    held = [event for event in list_events(store) if event.kind == "check"]
    assert len(held) == 1
    assert "held back" in held[0].message
    told: list[str] = []
    made = snapshot(workspace, store, config, tell=told.append)
    assert [file.name for file in made.files] == ["jan.parquet"]
    assert told == ["1 held file is left out: `pilothouse check` says why."]
    assert accept_arrival(store, "late", "feb.csv", reason="known").status == "accepted"
    assert judge(workspace, store, bad).status == "accepted"
    with pytest.raises(NotFoundError):
        accept_arrival(store, "late", "feb.csv")


def test_without_a_reference_a_file_is_only_checked(workspace: Workspace, store: Store) -> None:
    path = write_text(workspace.root / "data" / "a.csv", "x,y\n1,0\n2,1\n")
    verdict = judge(workspace, store, path)
    assert (verdict.status, verdict.report, verdict.rows) == ("ok", None, 2)
    assert list_arrivals(store)[0].name == "a.csv"


def test_the_champion_s_profile_is_the_reference(
    workspace: Workspace, store: Store, folder: Path, rng: np.random.Generator
) -> None:
    other = write_parquet(workspace.root / "other.parquet", numbers_and_letters(rng, 1000, 5.0))
    profile = profile_files([other], infer_schema([other]))
    bundle = workspace.version_dir("late", 3)
    write_text(bundle / "profile.json", profile.to_json())
    path = write_parquet(folder / "feb.parquet", numbers_and_letters(rng, 500))
    before = judge(workspace, store, path)
    assert before.report and not before.report.dataset_drift
    with store.transaction() as tx:
        tx.insert("aliases", [{"model": "late", "alias": "champion", "version": 3}])
    reference = find_reference(workspace, store, workspace.config().model())
    assert reference and (reference.label, reference.profile) == ("late v3", profile)
    verdict = judge(workspace, store, path)
    assert verdict.reference == "late v3"
    assert verdict.report and verdict.report.dataset_drift
    assert len(list_drift_reports(store, "late", subject="feb.parquet")) == 2
    assert get_drift_report(store, "feb.parquet").reference == "late v3"


@pytest.mark.parametrize("there", [True, False])
def test_a_bundle_without_a_profile_falls_back_to_its_data(
    workspace: Workspace, store: Store, folder: Path, there: bool
) -> None:
    if there:
        write_text(workspace.version_dir("late", 1) / "profile.json", "{}")
    with store.transaction() as tx:
        tx.insert("aliases", [{"model": "late", "alias": "champion", "version": 1}])
    reference = find_reference(workspace, store, workspace.config().model())
    assert reference and reference.label.startswith("dataset ")


@pytest.mark.parametrize("there", [True, False])
def test_a_file_whose_labels_come_later_is_compared_and_not_learned_from(
    workspace: Workspace, store: Store, folder: Path, rng: np.random.Generator, there: bool
) -> None:
    rows = numbers_and_letters(rng, 300)
    del rows["y"]
    if there:
        rows["y"] = np.full(300, np.nan)
    verdict = judge(workspace, store, write_parquet(folder / "feb.parquet", rows))
    assert verdict.status == "ok"
    assert "the file has no labels" in verdict.findings[0].message
    assert "Labels that come by `pilothouse feedback`" in verdict.findings[0].next
    report = verdict.report
    assert report and not report.dataset_drift
    assert (report.target, len(report.columns)) == (None, 4)
    assert any("the file has no labels" in note for note in report.notes)
    told: list[str] = []
    model = workspace.config().model()
    made = snapshot(workspace, store, model, tell=told.append)
    assert [file.name for file in made.files] == ["jan.parquet"]
    assert told == ["feb.parquet is left out: no labels yet, in the file or by `pilothouse feedback`."]
    rows["y"] = rng.integers(0, 2, size=300)
    judge(workspace, store, write_parquet(folder / "feb.parquet", rows))
    assert len(snapshot(workspace, store, model).files) == 2


def test_labels_of_some_rows_are_compared_among_those_rows(
    workspace: Workspace, store: Store, folder: Path, rng: np.random.Generator
) -> None:
    rows = numbers_and_letters(rng, 600)
    rows["y"] = np.where(np.arange(600) < 300, rows["y"], np.nan)
    verdict = judge(workspace, store, write_parquet(folder / "feb.parquet", rows))
    assert verdict.report and verdict.report.target
    assert not verdict.report.target.drifted
    assert verdict.report.target.missing_current == 0


def test_files_that_nobody_judged_wait_for_labels_too(workspace: Workspace, store: Store) -> None:
    data = workspace.root / "data"
    write_text(data / "a.csv", "x,y\n1.5,yes\n2.5,no\n")
    write_text(data / "b.csv", "x,y\n1.5,\n2.5,\n")
    write_text(data / "c.jsonl", '{"x": 1.5}\n')
    model = workspace.config().model()
    assert [file.name for file in snapshot(workspace, store, model).files] == ["a.csv"]


def test_a_file_that_is_gone_stores_nothing(workspace: Workspace, store: Store, folder: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.csv"):
        judge(workspace, store, folder / "gone.csv")
    assert list_arrivals(store) == []


@pytest.mark.parametrize(
    "name", ["q'uote.parquet", "a*.parquet", "[red]x[-].parquet", "; DROP TABLE arrivals; --.parquet"]
)
def test_hostile_names_are_judged_like_others(
    workspace: Workspace, store: Store, folder: Path, rng: np.random.Generator, name: str
) -> None:
    path = write_parquet(folder / name, numbers_and_letters(rng, 300))
    assert judge(workspace, store, path).status == "ok"
    assert get_drift_report(store, name).subject == name


def test_a_report_is_found_by_name_and_id_only(
    workspace: Workspace, store: Store, folder: Path, rng: np.random.Generator
) -> None:
    judge(workspace, store, write_parquet(folder / "feb.parquet", numbers_and_letters(rng, 300)))
    found = get_drift_report(store, "feb.parquet")
    assert get_drift_report(store, found.report_id[:6]) == found
    for ref in ("", "nope", "' OR 1=1 --", "%"):
        with pytest.raises(NotFoundError):
            get_drift_report(store, ref)


def test_check_alone_spends_nothing_and_takes_bare_names(
    workspace: Workspace,
    store: Store,
    folder: Path,
    rng: np.random.Generator,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(workspace.root)
    assert _run(capsys, "check")[0] == 0
    assert list_drift_reports(store, "late") == [] and list_arrivals(store) == []
    code, _, err = _run(capsys, "drift", "jan.parquet")
    assert code == 1 and "is made of it" in err
    write_parquet(folder / "feb.parquet", numbers_and_letters(rng, 500))
    code, out, _ = _run(capsys, "check", "feb.parquet", "--json")
    assert [(one["name"], one["stored"]) for one in json.loads(out)] == [("feb.parquet", True)]
    code, out, _ = _run(capsys, "check", "*.parquet", "--json")
    assert [(one["name"], one["stored"]) for one in json.loads(out)] == [
        ("feb.parquet", True), ("jan.parquet", False)
    ]  # fmt: skip
    code, _, err = _run(capsys, "check", "mar.parquet")
    assert code == 1 and "mar.parquet" in err


# -- commands ----------------------------------------------------------------------------------------------


def _run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = main(args)
    told = capsys.readouterr()
    return code, told.out, told.err


def test_drift_needs_no_workspace(
    tmp_path: Path, rng: np.random.Generator, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("r1", "r2"):
        write_parquet(tmp_path / "ref" / f"{name}.parquet", numbers_and_letters(rng, 800))
    moved = write_parquet(tmp_path / "moved.parquet", numbers_and_letters(rng, 800, 1.0))
    options = ["--reference", str(tmp_path / "ref"), "--target", "y"]
    code, out, _ = _run(capsys, "drift", str(moved), *options, "--json", "--exit-code")
    told = json.loads(out)
    assert code == 1
    assert told["dataset_drift"] is True
    assert told["n_reference"] == 1600
    assert {column["column"] for column in told["columns"] if column["drifted"]} == {"x0", "x1", "x2"}
    code, out, _ = _run(capsys, "drift", str(tmp_path / "ref" / "r*.parquet"), *options, "--exit-code")
    assert code == 0
    assert "no drift" in out
    code, out, _ = _run(
        capsys, "drift", str(moved), *options, "--exclude", "x0", "--exclude", "x1", "--exclude", "x2"
    )
    assert (code, "no drift" in out) == (0, True)


def test_columns_that_only_one_side_has_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = write_text(tmp_path / "r.csv", "x,y\n1.5,0\n2.5,1\n")
    after = write_text(tmp_path / "c.csv", "y,z\n1,2\n0,2\n")
    code, _, err = _run(capsys, "drift", str(after), "--reference", str(before))
    assert code == 0
    assert "no column 'x'" in err
    assert "The reference has no column 'z'" in err


@pytest.mark.parametrize(
    ("args", "code", "told"),
    [
        (["drift", "--reference", "r.csv"], 2, "Name what to compare"),
        (["drift", "nowhere.csv", "--reference", "r.csv"], 1, "nowhere.csv"),
        (["drift", "r.csv", "--reference", "nowhere*"], 1, "nowhere*"),
        (["drift", "r.csv", "--reference", "r.csv", "--target", "z"], 2, "no column 'z'"),
        (["drift", "bad.csv", "--reference", "r.csv"], 1, "line 2 has 1 field"),
        (["drift", "head.csv", "--reference", "r.csv"], 1, "no rows"),
        (["drift", "r.csv"], 1, "not in a workspace"),
        (["check", "--reference", "r.csv"], 2, "Name the files"),
    ],
)
def test_bad_requests_get_a_sentence_and_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    args: list[str], code: int, told: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    for name, text in {"r.csv": "x,y\n1,0\n2,1\n", "bad.csv": "x,y\n1\n", "head.csv": "x,y\n"}.items():
        write_text(tmp_path / name, text)
    found, out, err = _run(capsys, *args)
    assert (found, out) == (code, "")
    assert told in err
    assert "Traceback" not in err


def test_the_commands_in_a_workspace(
    workspace: Workspace,
    folder: Path,
    rng: np.random.Generator,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(workspace.root)
    write_parquet(folder / "feb.parquet", numbers_and_letters(rng, 500, 1.0))
    code, out, _ = _run(capsys, "check", "--json")
    assert code == 0
    assert {(file["name"], file["status"]) for file in json.loads(out)} == {
        ("jan.parquet", "ok"),
        ("feb.parquet", "ok"),
    }
    code, out, _ = _run(capsys, "drift", "--json", "--exit-code")
    assert code == 1
    assert [(report["subject"], report["dataset_drift"]) for report in json.loads(out)] == [
        ("feb.parquet", True)
    ]
    _, by_name, _ = _run(capsys, "drift", "feb.parquet", "--json")
    assert json.loads(by_name)["dataset_drift"] is True
    shutil.copy(folder / "feb.parquet", workspace.root / "elsewhere.parquet")
    _, by_path, _ = _run(capsys, "drift", "elsewhere.parquet", "--json")
    assert json.loads(by_path)["columns"] == json.loads(by_name)["columns"]
    (folder / "feb.parquet").unlink()
    _, after, _ = _run(capsys, "drift", "feb.parquet")
    assert "drifted: feb.parquet" in after
    write_text(folder / "bad.csv", "x0\n1\n")
    code, out, _ = _run(capsys, "check", "data/bad.csv")
    assert (code, "held" in out) == (1, True)
    code, out, _ = _run(capsys, "check", "data/bad.csv", "--accept", "--json")
    assert (code, json.loads(out)["status"]) == (0, "accepted")
    code, out, _ = _run(capsys, "data", "--json")
    told = json.loads(out)
    assert told["versions"][0]["rows"] == 2000
    assert {file["name"] for file in told["files"]} == {"feb.parquet", "bad.csv"}
    code, out, _ = _run(capsys, "data", told["versions"][0]["version"])
    assert (code, "x0" in out) == (0, True)


def test_judging_needs_no_pandas(
    workspace: Workspace, store: Store, folder: Path, rng: np.random.Generator
) -> None:
    write_parquet(folder / "feb.parquet", numbers_and_letters(rng, 500))
    script = (
        "import sys; from pathlib import Path; from pilothouse.workspace import Workspace\n"
        "from pilothouse.store import open_store; from pilothouse.monitoring.judging import judge_file\n"
        "w = Workspace(Path(sys.argv[1])); m = w.config().model()\n"
        "v = judge_file(w, open_store(w), m, w.root / 'data' / 'feb.parquet')\n"
        "assert v.report is not None and 'pandas' not in sys.modules and 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script, str(workspace.root)], check=True, timeout=60)


def test_an_accepted_file_is_compared_like_any_other(
    workspace: Workspace,
    store: Store,
    folder: Path,
    rng: np.random.Generator,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(workspace.root)
    moved = numbers_and_letters(rng, 500, 1.0)
    held = write_parquet(folder / "feb.parquet", {name: moved[name] for name in ("x0", "x1", "k", "y")})
    assert judge(workspace, store, held).status == "held"
    code, out, _ = _run(capsys, "check", "feb.parquet", "--accept", "--reason", "known", "--json")
    assert (code, json.loads(out)["dataset_drift"]) == (0, True)
    assert get_drift_report(store, "feb.parquet").dataset_drift
    code, out, _ = _run(capsys, "drift", "feb.parquet", "--json", "--exit-code")
    columns = json.loads(out)["columns"]
    assert (code, {one["column"] for one in columns if one["drifted"]}) == (1, {"x0", "x1", "x2"})
    # One that nothing can read is not said to lack a reference.
    bad = write_text(folder / "mar.csv", "x0,x1,x2,k,y\n1,2,3,a\n")
    judge(workspace, store, bad)
    accept_arrival(store, "late", "mar.csv")
    code, _, said = _run(capsys, "drift", "mar.csv")
    assert (code, "cannot be compared" in said, "no reference" in said) == (1, True, False)


def test_a_file_outside_the_data_folder_is_looked_at_and_nothing_is_stored(
    workspace: Workspace,
    store: Store,
    folder: Path,
    rng: np.random.Generator,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(workspace.root)
    before = list_events(store)
    outside = write_parquet(workspace.root / "land" / "feb.parquet", numbers_and_letters(rng, 500, 1.0))
    bad = write_text(outside.parent / "mar.csv", "x0\n1\n")
    code, out, said = _run(capsys, "check", str(outside), str(bad), "--json")
    told = json.loads(out)
    assert (code, [(one["name"], one["status"], one["stored"]) for one in told]) == (
        1,
        [("feb.parquet", "ok", False), ("mar.csv", "held", False)],
    )
    assert told[0]["dataset_drift"] is True
    assert "--accept" not in out
    assert "2 of the files are not in the data folder, nothing is stored." in said
    code, looked, said = _run(capsys, "drift", str(outside), "--json", "--exit-code")
    assert (code, "A look: feb.parquet is not in the data folder" in said) == (1, True)
    code, _, said = _run(capsys, "drift", "land/mar.csv")
    assert (code, "See all with `pilothouse check land/mar.csv`." in said) == (1, True)
    assert (list_arrivals(store), list_drift_reports(store), list_events(store)) == ([], [], before)
    # When it lands it is the first question still, and the verdict is the same.
    shutil.copy(outside, folder / "feb.parquet")
    code, out, said = _run(capsys, "drift", "data/feb.parquet", "--json")
    assert (json.loads(out), "A look" in said) == (json.loads(looked), False)
    assert [one.name for one in list_arrivals(store)] == ["feb.parquet"]
