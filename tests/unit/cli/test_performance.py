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
    unknown, no_column = pilothouse_each(
        ["performance", path, "--metric", "nope"], ["performance", path, "--by", "[/x]"], cwd=root
    )
    assert unknown.code == 1 and "There is no metric 'nope'" in unknown.err
    assert no_column.code == 1 and "There is no column '[/x]'" in no_column.err
