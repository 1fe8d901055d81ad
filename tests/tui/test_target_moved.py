"""A target that moved is told by every place that gives a verdict on a file, in one sign and one word."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from making_data import write_parquet
from pilothouse.autopilot.watching import in_one_line
from pilothouse.cli.main import main
from pilothouse.data.versions import snapshot
from pilothouse.monitoring.judging import judge_file
from pilothouse.monitoring.story import headline
from pilothouse.monitoring.verdict_words import of_data
from pilothouse.store import Store, list_events
from pilothouse.tui.screens.bridge_panels import heat_columns
from pilothouse.tui.screens.data_file import file_content
from pilothouse.tui.screens.data_rows import file_row
from pilothouse.tui.screens.data_saving import why_retrain
from pilothouse.tui.screens.drift_map import map_files
from pilothouse.tui.snapshots.data import data
from pilothouse.workspace import Workspace

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SAID = "target moved"
HOW = "target y '1' rose from 20% to 60%"


def _rows(n: int, share: float) -> dict[str, object]:
    """Inputs that do not move, and a target that is so in a share of the rows."""
    x = np.linspace(0, 1, n)
    return {"x0": x, "x1": np.sqrt(x), "y": (np.arange(n) % 10 < share * 10).astype(int)}


def test_every_place_tells_of_a_target_that_moved(
    workspace: Workspace, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, config = workspace.root / "data", workspace.config().model()
    write_parquet(folder / "jan.parquet", _rows(2000, 0.2))
    snapshot(workspace, store, config)
    calm = judge_file(workspace, store, config, write_parquet(folder / "feb.parquet", _rows(990, 0.2)))
    verdict = judge_file(workspace, store, config, write_parquet(folder / "mar.parquet", _rows(990, 0.6)))
    assert verdict.report and calm.report
    assert (verdict.report.dataset_drift, verdict.report.drifted) == (False, [])
    assert (of_data(calm.report), of_data(verdict.report)) == (("●", "no drift"), ("▲", SAID))
    assert headline(verdict.report) == HOW

    def run(*words: str) -> str:
        capsys.readouterr()
        assert main([*words, "--workspace", str(workspace.root)]) == 0, "it is no drift of the dataset"
        return capsys.readouterr().out

    [listed] = [line for line in run("drift").splitlines() if line.startswith("mar")]
    assert f"▲ {SAID}" in listed and HOW in listed
    assert run("drift", "mar.parquet", "--exit-code").startswith(f"▲ {SAID}: mar.parquet")
    chunks = run("drift", "mar.parquet", "--chunk", "file")
    assert f"▲ {SAID}: 1 of 1 chunks" in chunks and HOW in chunks
    told = json.loads(run("drift", "mar.parquet", "--json"))
    assert (told["verdict"], told["target_drifted"], told["dataset_drift"]) == (SAID, True, False)
    assert [one["target_drifted"] for one in json.loads(run("check", "mar.parquet", "--json"))] == [True]
    run("drift", "mar.parquet", "--html", str(tmp_path / "mar.html"))
    assert f"▲ {SAID.capitalize()}" in (tmp_path / "mar.html").read_text("utf-8")

    event = next(one for one in list_events(store) if one.subject == "mar.parquet")
    assert "did not drift" in event.message and "but its target moved" in event.message
    assert event.message.endswith(f"0 of 2 columns moved; {HOW}.")
    assert in_one_line("mar.parquet", verdict).startswith(f"▲ mar.parquet: {SAID}, 0 of 2 columns moved")
    assert HOW in in_one_line("mar.parquet", verdict)

    known = data(workspace, None, None)
    [file] = [one for one in known.files if one.arrival.name == "mar.parquet"]
    for narrow in (True, False):
        cells = file_row(file, NOW, narrow=narrow).cells
        assert f"▲ {SAID}" in cells and HOW in cells
    assert re.search(f"▲ {SAID}.*0 of 2 columns moved, and the target", file_content(file, None, NOW).plain)
    assert [one.sign for one in map_files(known) if one.key == "mar.parquet"] == ["▲"]
    bridge = heat_columns(known)
    assert [one.sign for one in bridge] == ["●", "▲"]
    assert [dict(one.scores)["y"] > 0 for one in bridge] == [False, True]
    assert why_retrain(file) == "the target of mar.parquet moved"
