from __future__ import annotations

import re

from pilothouse.workspace import Workspace
from steering import land, pilothouse, pilothouse_each, rows


def test_performance_is_told_of_files_with_labels(trained: Workspace) -> None:
    root = trained.root
    known = next(iter(sorted((root / "data").glob("*"))))
    path = str(land(root / "data", "new.csv", rows(200, seed=5)))
    found = pilothouse("performance", path, "--json", cwd=root).json()
    assert found["version"] == 1 and found["harm"]["labelled"] == found["harm"]["rows"] > 0
    assert found["harm"]["realised"]["value"] > 0.5
    told = pilothouse("performance", path, "--by", "c", cwd=root)
    assert told.code == 0 and "holdout" in told.out and "c = " in told.out
    both, own, unknown, no_column = pilothouse_each(
        ["performance", path, known], ["performance", known, "--exit-code"],
        ["performance", path, "--metric", "nope"], ["performance", path, "--by", "[/x]"], cwd=root
    )  # fmt: skip
    assert "▲ 300 more rows are of the data that v1 was made of, and do not count." in both.err
    assert both.code == 0 and re.search(rf"^{known.name} +– +– +– +0$", both.out, re.MULTILINE)
    assert own.code == 1 and "all 300 rows are of the data that it was made of" in own.err
    assert unknown.code == 1 and "There is no metric 'nope'" in unknown.err
    assert no_column.code == 1 and "There is no column '[/x]'" in no_column.err


def test_what_cannot_be_told_is_no_pass(trained: Workspace) -> None:
    root = trained.root
    path = str(land(root / "data", "new.csv", rows(200, seed=5)))
    config = root / "pilothouse.toml"
    whole = config.read_text()
    config.write_text(whole + '[business]\nodd = { sql = "sum(nope)" }\nfine = { sql = "count(*)" }\n')
    business = pilothouse("performance", path, "--exit-code", cwd=root)
    assert business.code == 1 and "fine" in business.out and "■ The business metric 'odd'" in business.err
    config.write_text(whole + '[alerts]\nweak = { when = "kost > 1" }\n')
    told, alert = pilothouse_each(["performance", path], ["performance", path, "--exit-code"], cwd=root)
    assert told.code == 0 and "alert weak (warning) cannot be told" in told.err
    assert alert.code == 1 and "kost" in alert.err
