"""A file that is held back stops nobody who reads the whole folder, and is said to be left out."""

from __future__ import annotations

from pilothouse.tui.commands import Stop
from pilothouse.tui.snapshots.features import try_views
from pilothouse.workspace import Workspace
from steering import land, pilothouse, pilothouse_each, rows


def test_held_files_are_left_out_of_a_folder_and_used_where_they_are_named(trained: Workspace) -> None:
    root = trained.root
    (root / "features").mkdir(exist_ok=True)
    (root / "features" / "more.sql").write_text("SELECT a * 2 AS twice FROM rows")
    land(root / "data", "new.csv", rows(100, seed=5))
    broken = root / "data" / "broken.parquet"
    broken.write_bytes(b"PAR1 and no more")
    assert pilothouse("watch", "--once", cwd=root).code == 0
    features, folder, named = pilothouse_each(
        ["features"], ["performance", "data"], ["performance", str(broken)], cwd=root
    )
    for done in (features, folder):
        assert done.code == 0 and "1 held file is left out: broken.parquet." in done.err, done
    assert try_views(trained, "late", lambda _: None, Stop()).left_out == ("broken.parquet",)
    assert named.code == 1 and "left out" not in named.err
