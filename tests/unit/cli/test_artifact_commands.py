from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import pytest

from hostile import HOSTILE
from pilothouse.cli.main import main
from pilothouse.store import Store
from pilothouse.tracking.runs import get_run
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace


@pytest.fixture
def run(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(workspace.root)
    writer = open_run(workspace, RunStart(kind="api", name="zoo", status="RUNNING"), hold=True)
    for step, value in enumerate([0.9, 0.4, math.nan, 0.6]):
        writer.log_metrics({"loss": value, "=auc'; --": 1.0 - step / 10}, step=step)
    (writer.artifacts / "plots").mkdir()
    (writer.artifacts / "plots" / "a.txt").write_bytes(b"one\n\x1b[31mtwo\xff\n")
    (writer.artifacts / "blob").write_bytes(bytes(range(256)))
    (writer.artifacts / "out").symlink_to("/etc")
    writer.end("FINISHED", 0)
    return "zoo"


def told(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(list(words)) == code
    out, err = capsys.readouterr()
    return out if code == 0 else err


def test_artifacts_are_listed(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(told(capsys, "artifacts", run, "--json"))
    assert [(file["path"], file["bytes"]) for file in listed] == [("blob", 256), ("plots/a.txt", 14)]
    assert [file["path"] for file in json.loads(told(capsys, "artifacts", run, "plots", "--json"))] == [
        "plots/a.txt"
    ]
    assert main(["artifacts", run]) == 0
    out, err = capsys.readouterr()
    assert "256  blob" in out
    assert "1 links are not followed" in err


def test_a_run_shows_the_artifacts_that_are_listed(
    workspace: Workspace, run: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Links lead out, and a name may be bytes that are no text."""
    (folder,) = workspace.runs_dir.glob("*/artifacts")
    (folder / "passwd").symlink_to("/etc/passwd")
    (folder / "caf\udce9.txt").write_text("x")
    listed = json.loads(told(capsys, "artifacts", run, "--json"))
    shown = json.loads(told(capsys, "show", run, "--json"))["artifacts"]
    assert shown == [file["path"] for file in listed] == ["blob", "caf\\udce9.txt", "plots/a.txt"]
    for number in range(50):
        (folder / f"{number}.txt").write_text("x")
    out = told(capsys, "show", run)
    assert out.rstrip().endswith("`")
    assert "`pilothouse artifacts " in out


def test_a_file_goes_into_a_pipe_byte_for_byte(run: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["artifacts", run, "blob"]) == 0
    assert capfdbinary.readouterr().out == bytes(range(256))


def test_json_tells_what_a_file_is(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    about = json.loads(told(capsys, "artifacts", run, "blob", "--json"))
    assert (about["kind"], about["bytes"]) == ("binary", 256)
    assert "text" not in about


def test_saving(run: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    told(capsys, "artifacts", run, "plots/a.txt", "--save", str(tmp_path / "saved.txt"))
    assert (tmp_path / "saved.txt").read_bytes() == b"one\n\x1b[31mtwo\xff\n"
    assert "exists already" in told(
        capsys, "artifacts", run, "blob", "--save", str(tmp_path / "saved.txt"), code=1
    )


@pytest.mark.parametrize("path", ["../journal.jsonl", "out/passwd", "/etc/passwd", *HOSTILE])
def test_no_path_leads_out(run: str, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    if not path:
        return
    err = told(capsys, "artifacts", run, path, code=1)
    assert "Traceback" not in err
    assert "\x1b" not in err


def test_metrics_in_short(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, "metrics", run)
    line = next(line for line in out.splitlines() if line.startswith("loss"))
    assert line.split() == ["loss", "0.6000", "0.4000", "0.9000", "lower", "1", "4"]


def test_every_point_as_json_and_csv(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    points = json.loads(told(capsys, "metrics", run, "loss", "--json", "--smooth", "0.5"))["loss"]
    assert [point["step"] for point in points] == [0, 1, 2, 3]
    assert [point["value"] for point in points] == [0.9, 0.4, "NaN", 0.6]
    assert points[1]["smoothed"] == pytest.approx((0.25 * 0.9 + 0.5 * 0.4) / 0.75)
    rows = list(csv.reader(io.StringIO(told(capsys, "metrics", run, "--csv"))))
    assert rows[0] == ["metric", "step", "seconds", "value"]
    # A spreadsheet would take it for a formula.
    assert {row[0] for row in rows[1:]} == {"loss", "'=auc'; --"}
    assert len(rows) == 9
    assert "0.4000" in told(capsys, "metrics", run, "loss")


def test_a_metric_that_is_not_there_is_said(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Did you mean 'loss'" in told(capsys, "metrics", run, "losss", code=1)
    assert main(["metrics", run, "--csv", "--json"]) == 2
    assert main(["metrics", run, "--smooth", "1.5"]) == 2


def test_small_values_and_short_times_are_told_apart(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workspace.root)
    writer = open_run(workspace, RunStart(kind="api", name="tiny", status="RUNNING"), hold=True)
    began = get_run(store, "tiny").started_at.timestamp()
    writer.log_points([("lr", 1e-6, 0, began), ("lr", 2.5e-4, 1, began + 0.0012)])
    writer.end("FINISHED", 0)
    _, _, *rows = told(capsys, "metrics", "tiny", "lr").splitlines()
    assert [row.split() for row in rows] == [["0", "0.0000", "1.00e-06"], ["1", "0.0012", "0.00025"]]
    (line,) = [line for line in told(capsys, "metrics", "tiny").splitlines() if line.startswith("lr")]
    assert line.split()[1:4] == ["0.00025", "1.00e-06", "0.00025"]
