from __future__ import annotations

from pilothouse.workspace import Workspace
from steering import pilothouse, pilothouse_each


def test_performance_is_told_of_files_with_labels(trained: Workspace) -> None:
    root = trained.root
    path = str(next(iter(sorted((root / "data").glob("*")))))
    found = pilothouse("performance", path, "--json", cwd=root).json()
    assert found["version"] == 1 and found["harm"]["labelled"] == found["harm"]["rows"] > 0
    assert found["harm"]["realised"]["value"] > 0.5
    told = pilothouse("performance", path, "--by", "c", cwd=root)
    assert told.code == 0 and "holdout" in told.out and "c = " in told.out
    assert "▲ All of these rows are of the data that v1 was made of" in told.err
    unknown, no_column = pilothouse_each(
        ["performance", path, "--metric", "nope"], ["performance", path, "--by", "[/x]"], cwd=root
    )
    assert unknown.code == 1 and "There is no metric 'nope'" in unknown.err
    assert no_column.code == 1 and "There is no column '[/x]'" in no_column.err


def test_what_cannot_be_told_is_no_pass(trained: Workspace) -> None:
    root = trained.root
    path = str(next(iter(sorted((root / "data").glob("*")))))
    config = root / "pilothouse.toml"
    whole = config.read_text()
    config.write_text(whole + '[business]\nodd = { sql = "sum(nope)" }\nfine = { sql = "count(*)" }\n')
    business = pilothouse("performance", path, "--exit-code", cwd=root)
    assert business.code == 1 and "fine" in business.out and "■ The business metric 'odd'" in business.err
    config.write_text(whole + '[alerts]\nweak = { when = "kost > 1" }\n')
    told, alert = pilothouse_each(["performance", path], ["performance", path, "--exit-code"], cwd=root)
    assert told.code == 0 and "alert weak (warning) cannot be told" in told.err
    assert alert.code == 1 and "kost" in alert.err
