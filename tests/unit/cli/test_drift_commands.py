"""`pilothouse drift` as a person types it: without a workspace, and in one."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from making_data import write_parquet
from pilothouse.cli.main import main
from pilothouse.monitoring.filedrift import Wishes, compare_files, open_reference
from pilothouse.monitoring.id_like import id_like
from pilothouse.store import open_store
from pilothouse.workspace import Workspace
from steering import environment

CONFIG = """
[model]
name = "late"
target = "y"

[data]
folder = "data"
time = "t"
"""


def _rows(seed: int, rows: int, shift: float = 0.0) -> dict[str, Any]:
    dice = np.random.default_rng(seed)
    return {
        "t": pd.date_range(f"2024-0{seed}-01", periods=rows, freq="h"),
        "x": dice.normal(shift, size=rows), "z": dice.normal(size=rows), "k": dice.choice(list("abc"), rows),
        "y": dice.random(rows) < 0.3,
    }  # fmt: skip


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "files"
    write_parquet(folder / "then.parquet", _rows(1, 1200))
    write_parquet(folder / "now.parquet", _rows(2, 800, 1.5))
    write_parquet(folder / "same.parquet", _rows(3, 800))
    monkeypatch.chdir(folder)
    return folder


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["drift", *words])
    told = capsys.readouterr()
    return code, told.out, told.err


def _json(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    return json.loads(_run(capsys, *words, "--json")[1])


def test_tests_by_name_and_their_conventions(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = _json(capsys, "now.parquet", "--reference", "then.parquet", "--test", "ks,chi2", "--target", "y")
    assert {one["column"]: one["test"] for one in told["columns"]} == {"x": "ks", "z": "ks", "k": "chi2"}
    assert told["target"]["test"] == "chi2"
    assert told["columns"][0]["convention"].startswith("scipy's ks_2samp")
    code, out, err = _run(capsys, "now.parquet", "--reference", "then.parquet", "--test", "wasserstein")
    assert code == 0
    assert "wasserstein" in out
    assert "Evidently's" in err
    code, _, err = _run(capsys, "now.parquet", "--reference", "then.parquet", "--test", "ks,nope")
    assert code == 2
    assert "no drift test 'nope'" in err


def test_exit_codes(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--reference", "then.parquet", "--exit-code", "--exclude", "k", "--exclude", "y", "--exclude", "z"]
    assert _run(capsys, "same.parquet", *at)[0] == 0
    assert _run(capsys, "now.parquet", *at)[0] == 1
    assert _run(capsys, "now.parquet", *at[:2])[0] == 0
    assert _run(capsys, "now.parquet", *at, "--chunk", "week")[0] == 1
    assert _run(capsys, "same.parquet", *at, "--chunk", "week")[0] == 0


def test_a_saved_profile_stands_for_the_files(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "--reference", "then.parquet", "--save-profile", "p.json")
    assert (code, out) == (0, "")
    assert "p.json" in err
    direct = _json(capsys, "now.parquet", "--reference", "then.parquet")
    (files / "then.parquet").unlink()
    assert _json(capsys, "now.parquet", "--reference", "p.json")["columns"] == direct["columns"]
    code, _, err = _run(capsys, "now.parquet", "--reference", "p.json", "--multivariate", "pca")
    assert code == 2
    assert "a profile has none" in err


def test_what_drift_wrote_is_renewed_and_nothing_else_is_replaced(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("now.parquet", "--reference", "then.parquet")
    (files / "mine.html").write_text("<!doctype html>\n<html><body>my notes</body></html>\n")
    (files / "mine.json").write_text('{"rows": 3}')
    for words in (("--html", "mine.html"), ("--save-profile", "mine.json"), ("--html", "then.parquet")):
        before = (files / words[1]).read_bytes()
        code, out, err = _run(capsys, *at, *words)
        assert (code, out) == (1, ""), "told before anything is compared"
        assert f"{words[1]} exists already" in err and "--force" in err
        assert (files / words[1]).read_bytes() == before
    for words in (("--html", "page.html"), ("--save-profile", "p.json")):
        for source in ("now.parquet", "same.parquet"):
            assert _run(capsys, source, "--reference", "then.parquet", *words)[0] == 0, "as a job does daily"
    assert "same.parquet" in (files / "page.html").read_text("utf-8")
    assert _run(capsys, *at, "--html", "p.json")[0] == 1, "a page does not replace a profile"
    assert _run(capsys, *at, "--html", "mine.html", "--save-profile", "mine.json", "--force")[0] == 0
    assert "now.parquet" in (files / "mine.html").read_text("utf-8")


def test_chunks_are_cut_by_a_column_that_is_not_compared(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("now.parquet", "--reference", "then.parquet", "--chunk", "week")
    compared = _json(capsys, *words)["chunks"][0]
    left_out = _json(capsys, *words, "--exclude", "t")
    assert len(left_out["chunks"]) == 6
    names = [{one["column"] for one in found["columns"]} for found in (compared, left_out["chunks"][0])]
    assert names[0] - names[1] <= {"t"} and "t" not in names[1]
    code, _, err = _run(capsys, *words, "--exclude", "nope")
    assert code == 2 and "nope" in err


def test_chunks_and_pages(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = _json(capsys, "now.parquet", "--reference", "then.parquet", "--chunk", "week", "--html", "c.html")
    assert told["chunk"] == "week"
    assert told["chunks"][0]["label"] == "2024-W05"
    assert told["chunks"][0]["among"] == len(told["chunks"]) == 6
    assert "Columns over chunks" in (files / "c.html").read_text("utf-8")
    code, out, err = _run(
        capsys, "now.parquet", "--reference", "then.parquet", "--chunk", "300", "--html", "r.html"
    )
    assert code == 0
    assert "left over" in out
    assert "Written to r.html." in err
    code, _, err = _run(capsys, "now.parquet", "--reference", "then.parquet", "--time", "t")
    assert (code, "--time goes with --chunk" in err) == (2, True)
    assert _run(capsys, "now.parquet", "--reference", "then.parquet", "--html", "no/such/\0x")[0] in (1, 2)


def test_all_columns_together(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = _json(
        capsys, "now.parquet", "--reference", "then.parquet", "--multivariate", "domain", "--html", "m.html"
    )
    (joint,) = told["multivariate"]
    assert (joint["method"], joint["drifted"], joint["columns"][0]) == ("domain", True, "x")
    assert "A classifier tells" in (files / "m.html").read_text("utf-8")


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    root = tmp_path / "space"
    root.mkdir()
    (root / "pilothouse.toml").write_text(CONFIG)
    write_parquet(root / "data" / "a.parquet", _rows(1, 1200))
    monkeypatch.chdir(root)
    from pilothouse.data.versions import snapshot

    workspace = Workspace(root)
    store = open_store(workspace)
    snapshot(workspace, store, workspace.config().model())
    write_parquet(root / "data" / "b.parquet", _rows(2, 600))
    write_parquet(root / "data" / "c.parquet", _rows(3, 600, 1.5))
    return workspace


def test_each_file_of_a_stream_has_a_number_and_less_to_spend(
    watched: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    first = _json(capsys, "b.parquet")
    second = _json(capsys, "c.parquet")
    assert (first["question"], second["question"]) == (1, 2)
    assert first["level"] == pytest.approx(0.005)
    assert second["level"] == pytest.approx(0.01 / 6)
    assert "2nd file" in " ".join(second["explained"])
    assert second["columns"][0]["drifted"]
    # Again, by name, and as another file with the same bytes: the same question.
    assert _json(capsys, "b.parquet")["question"] == 1
    (watched.root / "copy.parquet").write_bytes((watched.root / "data" / "c.parquet").read_bytes())
    assert _json(capsys, "copy.parquet")["question"] == 2
    code, _, err = _run(capsys, "c.parquet", "--html", "page.html")
    assert code == 0
    assert "2nd file" in err
    assert "2nd file" in (watched.root / "page.html").read_text("utf-8")


def test_a_look_stores_nothing(watched: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    told = _json(capsys, "c.parquet", "--test", "ks")
    assert {one["column"]: one["test"] for one in told["columns"]} == {"x": "ks", "z": "ks", "k": "psi"}
    assert told["target"]["column"] == "y"
    # The kept profile has two hundred fine bins for it.
    assert 0 <= told["columns"][1]["error"] < 0.02
    weeks = _json(capsys, "c.parquet", "--chunk", "week")
    assert len(weeks["chunks"]) == 5
    joint = _json(capsys, "c.parquet", "--multivariate", "pca")
    assert joint["multivariate"][0]["method"] == "pca"
    assert _json(capsys) == []
    code, _, err = _run(capsys, "--predictions")
    assert code == 1
    assert "No version is live" in err


def test_the_configuration_names_tests(watched: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    path = watched.root / "pilothouse.toml"
    path.write_text(CONFIG + '\n[drift]\ntest = "js, ks"\n')
    told = _json(capsys, "c.parquet")
    assert {one["test"] for one in told["columns"]} == {"js"}
    path.write_text(CONFIG + '\n[drift]\ntest = "jss"\n')
    code, _, err = _run(capsys, "c.parquet")
    assert code != 0
    assert "Did you mean 'js'?" in err


def test_a_reference_is_read_once_in_a_workspace(
    watched: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["data/c.parquet", "--reference", "data/a.parquet"]
    first = _json(capsys, *words)
    (kept,) = (watched.state_dir / "cache" / "profiles").glob("*.json")
    # What is kept is what is used.
    changed = kept.read_text("utf-8").replace('"rows":1200', '"rows":1201')
    kept.write_text(changed, "utf-8")
    assert _json(capsys, *words)["n_reference"] == 1201
    kept.write_text("torn", "utf-8")
    assert _json(capsys, *words) == first
    _json(capsys, *words, "--exclude", "z")
    write_parquet(watched.root / "data" / "a.parquet", _rows(4, 1000))
    assert _json(capsys, *words)["n_reference"] == 1000
    assert len(list(kept.parent.glob("*.json"))) == 3


def test_answers_in_production_are_compared_with_those_on_the_holdout(tmp_path: Path) -> None:
    from pilothouse.errors import NotFoundError
    from pilothouse.monitoring.prediction_drift import compare_predictions

    dice = np.random.default_rng(5)
    before = dice.beta(2, 5, 2000)
    holdout = write_parquet(
        tmp_path / "holdout.parquet",
        {
            "x": before,
            "prediction": before > 0.9,
            "prediction_": (before > 0.4).astype(int),
            "probability": before,
        },
    )
    after = dice.beta(4, 4, 500)
    lines = [
        json.dumps({
            "id": f"r{at}", "time": "2026-01-01T00:00:00Z", "model": "late", "version": 3 if at < 400 else 2,
            "features": {"x": 1}, "output": {"prediction": int(p > 0.4), "probability": p}, "latency_ms": 1.0,
        })
        for at, p in enumerate(after)
    ]  # fmt: skip
    segment = tmp_path / "one.jsonl"
    segment.write_text("\n".join([*lines, '{"id": "torn", "model": "la']))
    report = compare_predictions(holdout, [segment], model="late", version=3, classification=True)
    assert report.n_current == 400
    assert {column.column: column.drifted for column in report.columns} == {
        "prediction": True,
        "probability": True,
    }
    assert report.columns[0].bins[:2] == ("0", "1")
    assert not any("too few" in note for note in report.notes)
    few = tmp_path / "few.jsonl"
    few.write_text(lines[0] + "\n")
    alone = compare_predictions(holdout, [few], model="late", version=3, classification=True)
    assert alone.notes[0] == "1 prediction is too few to tell whether anything moved: it takes 30."
    same = compare_predictions(holdout, [segment], model="late", version=3, classification=False)
    assert same.columns[0].kind == "numeric"
    # Answers of an older rule are no drift: with the threshold both sides are read by it.
    twin = dice.beta(2, 5, 400)
    segment.write_text("\n".join(
        json.dumps({"id": f"r{at}", "model": "late", "version": 3,
                    "output": {"prediction": int(p >= 0.25), "probability": p}})
        for at, p in enumerate(twin)
    ))  # fmt: skip
    asked: dict[str, Any] = {"model": "late", "version": 3, "classification": True}
    assert compare_predictions(holdout, [segment], **asked).columns[0].drifted
    ruled = compare_predictions(holdout, [segment], threshold=0.25, **asked)
    assert not ruled.columns[0].drifted and ruled.columns[0].bins[:2] == ("1", "0")
    for segments, version in (([], 3), ([segment], 9)):
        with pytest.raises(NotFoundError, match="no answers of late v"):
            compare_predictions(holdout, segments, model="late", version=version, classification=True)


def test_the_verdict_of_too_few_rows_is_not_no_drift(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pilothouse.cli.drift_report import show_report

    wishes = Wishes()
    report = compare_files(open_reference("then.parquet", wishes), [files / "same.parquet"], wishes)
    show_report(report, "a", "b", verdict="– too few to tell")
    out = capsys.readouterr().out
    assert out.startswith("– too few to tell: a (800 rows)")
    assert "no drift" not in out


def _read(terminal: int) -> bytes:
    """What the other end wrote; nothing once it is closed."""
    # Unlike select, poll takes numbers of files above a thousand.
    waiting = select.poll()
    waiting.register(terminal, select.POLLIN)
    waiting.poll(60_000)
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def test_ctrl_c_on_a_terminal_ends_it_with_130_and_leaves_no_line(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "wide.parquet"
    columns = ", ".join(f"'v' || hash(range * {at + 3}) % 300000 AS x{at}" for at in range(5))
    with duckdb.connect() as con:
        con.execute(f"COPY (SELECT {columns} FROM range(1000000)) TO '{path}' (FORMAT parquet)").fetchall()
    # The same file under many names: much to read on any machine, and little to write.
    many = tmp_path / "many"
    many.mkdir()
    for number in range(60):
        (many / f"{number}.parquet").hardlink_to(path)
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "pilothouse", "drift", str(many), "--reference", str(path)]
    child = subprocess.Popen(
        words, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=environment(), cwd=tmp_path
    )
    os.close(theirs)
    seen = b""
    while b"%" not in seen and (more := _read(ours)):
        seen += more
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=60)
    while more := _read(ours):
        seen += more
    assert child.returncode == 130, seen
    assert out == b""
    assert b"Interrupted." in seen
    assert seen.rindex(b"\x1b[K") > seen.rindex(b"%")
    os.close(ours)


def test_a_workspace_around_says_what_is_no_feature(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "pilothouse.toml").write_text(
        '[model]\nname = "late"\ntarget = "y"\n[data]\nfolder = "data"\nid = "z"\nexclude = ["gone"]\n'
    )
    told = _json(capsys, "now.parquet", "--reference", "then.parquet")
    assert {one["column"] for one in told["columns"]} == {"x", "k"}
    assert told["target"]["column"] == "y"
    assert "pilothouse.toml says so: z" in _run(capsys, "now.parquet", "--reference", "then.parquet")[2]
    told = _json(capsys, "now.parquet", "--reference", "then.parquet", "--exclude", "k")
    assert {one["column"] for one in told["columns"]} == {"x", "y", "z"}


def test_a_column_that_looks_like_an_id_is_left_out_unless_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = np.random.default_rng(3)
    for at, name in enumerate(("then", "now")):
        ids = dice.permutation(np.arange(400)) + 1000 * at
        write_parquet(
            tmp_path / f"{name}.parquet",
            {"customer_id": ids, "row": ids + 7, "cents": dice.integers(0, 9_000_000, 400) + 10**7 * at},
        )
    monkeypatch.chdir(tmp_path)
    told = _json(capsys, "now.parquet", "--reference", "then.parquet")
    assert [one["column"] for one in told["columns"]] == ["cents"]
    assert told["left_out"] == ["customer_id", "row"]
    _, _, err = _run(capsys, "now.parquet", "--reference", "then.parquet", "--chunk", "100")
    assert "`customer_id` looks like an id: left out; --include customer_id compares it." in err
    told = _json(capsys, "now.parquet", "--reference", "then.parquet", "--include", "customer_id")
    assert [one["column"] for one in told["columns"]] == ["customer_id", "cents"]
    code, _, err = _run(capsys, "now.parquet", "--reference", "then.parquet", "--include", "nope")
    assert (code, "no column 'nope'" in err) == (2, True)


def test_several_files_as_a_shell_gives_them(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = _json(capsys, "now.parquet", "same.parquet", "now.parquet", "--reference", "then.parquet")
    assert told["n_current"] == 1600
    code, out, _ = _run(
        capsys, "now.parquet", "same.parquet", "--reference", "then.parquet", "--chunk", "file"
    )
    assert code == 0
    assert "now.parquet and 1 more" in out
    # What follows the reference's value may be more of the reference, spread out by the shell.
    words = ("now.parquet", "--reference", "then.parquet", "same.parquet", "--json")
    code, out, err = _run(capsys, *words)
    assert (code, out) == (2, "")
    assert "same.parquet stands after --reference" in err
    assert "quotes" in err
    assert _json(capsys, "--reference", "then.parquet", "now.parquet")["n_current"] == 800


def test_several_files_of_a_workspace(watched: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    folder = watched.root / "data"
    write_parquet(folder / "moved.parquet", _rows(2, 800, 2.0))
    write_parquet(folder / "calm.parquet", _rows(3, 800))
    told = _json(capsys, "data/moved.parquet", "calm.parquet")
    assert [one["subject"] for one in told] == ["moved.parquet", "calm.parquet"]
    assert [one["share_drifted"] > 0 for one in told] == [True, False]
    code, out, _ = _run(capsys, "moved.parquet", "calm.parquet", "--test", "ks")
    assert (code, "moved.parquet and 1 more (1,600 rows)" in out) == (0, True)
    code, _, err = _run(capsys, "moved.parquet", "calm.parquet", "--column", "x")
    assert (code, "one file" in err) == (2, True)


@pytest.mark.parametrize("by", ["_1", "1_", ",1", "_", "0", "-3", "1.5", "9" * 5000])
def test_what_is_no_number_of_rows_is_a_usage_error_in_words(
    files: Path, capsys: pytest.CaptureFixture[str], by: str
) -> None:
    code, out, err = _run(capsys, "now.parquet", "--reference", "then.parquet", "--chunk", by)
    assert (code, out) == (2, "")
    assert "is no way to cut data into chunks" in err


def test_a_number_of_rows_may_be_written_in_groups(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for by in ("400", "4_00", "4,00"):
        chunks = _json(capsys, "now.parquet", "--reference", "then.parquet", "--chunk", by)["chunks"]
        assert [one["label"] for one in chunks] == ["rows 1 to 400", "rows 401 to 800"]


@pytest.mark.parametrize("option", ["--html", "--save-profile"])
def test_a_page_is_written_into_no_folder_that_is_not_there(
    files: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    words = ["now.parquet", "--reference", "then.parquet", option]
    code, out, err = _run(capsys, *words, "typo/page.html")
    assert (code, out) == (1, "")
    assert "There is no folder typo." in err and "Nothing was written." in err
    assert not (files / "typo").exists()
    code, _, err = _run(capsys, *words, str(files))
    assert code == 1 and "is a folder" in err


def test_a_profile_whose_figures_overflowed_serves_tests_on_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    dice = np.random.default_rng(5)
    for name in ("then", "now"):
        write_parquet(
            Path(f"{name}.parquet"), {"x": dice.choice([-1e300, 1e300, 3.0], 400) * dice.random(400)}
        )
    assert _run(capsys, "--reference", "then.parquet", "--save-profile", "p.json")[0] == 0
    assert json.loads(Path("p.json").read_text())["columns"][0]["std"] == "Infinity"
    for test in ("ks", "wasserstein", "psi"):
        (column,) = _json(capsys, "now.parquet", "--reference", "p.json", "--test", test)["columns"]
        assert column["test"] == test


def test_a_reference_that_was_profiled_is_not_read_again_to_find_ids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, first in (("then", 0), ("now", 5000)):
        dice = np.random.default_rng(first)
        write_parquet(
            Path(f"{name}.parquet"),
            {
                "number": np.arange(first, first + 1000),
                "km": dice.integers(0, 500, 1000),
                "x": dice.random(1000),
            },
        )
    assert _run(capsys, "--reference", "then.parquet", "--save-profile", "p.json")[0] == 0
    found = open_reference("then.parquet", Wishes())
    Path("then.parquet").unlink()
    assert id_like(found, [Path("now.parquet")]) == ["number"]
    told = _json(capsys, "now.parquet", "--reference", "p.json")
    assert {one["column"] for one in told["columns"]} == {"km", "x"}
