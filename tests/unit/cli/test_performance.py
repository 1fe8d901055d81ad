from __future__ import annotations

from pilothouse.workspace import Workspace
from steering import pilothouse


def test_performance_is_told_of_files_with_labels(trained: Workspace) -> None:
    root = trained.root
    path = str(next(iter(sorted((root / "data").glob("*")))))
    found = pilothouse("performance", path, "--json", cwd=root).json()
    assert found["version"] == 1 and found["harm"]["labelled"] == found["harm"]["rows"] > 0
    assert found["harm"]["realised"]["value"] > 0.5
    told = pilothouse("performance", path, "--by", "c", cwd=root)
    assert told.code == 0 and "holdout" in told.out and "c = " in told.out
    for words, why in (
        (["--metric", "nope"], "There is no metric 'nope'"),
        (["--by", "[/x]"], "There is no column '[/x]'"),
    ):
        refused = pilothouse("performance", path, *words, cwd=root)
        assert refused.code == 1 and why in refused.err
