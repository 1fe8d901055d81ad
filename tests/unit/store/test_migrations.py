"""A store of any earlier shape is brought to this one with what is in it."""

from __future__ import annotations

import duckdb
import pytest

from pilothouse.store import open_store
from pilothouse.store.connection import SHAPE
from pilothouse.store.migrations import MIGRATIONS
from pilothouse.workspace import Workspace


@pytest.mark.parametrize("shape", range(1, SHAPE))
def test_an_earlier_shape_keeps_its_rows_and_leaves_a_backup(workspace: Workspace, shape: int) -> None:
    workspace.state_dir.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(workspace.store_path)) as old:
        for _, sql in MIGRATIONS[:shape]:
            old.execute(sql)
        old.execute("INSERT INTO meta VALUES ('shape', ?)", [str(shape)])
        old.execute("INSERT INTO runs (run_id, status) VALUES ('r', 'FINISHED')")
        old.execute("INSERT INTO params VALUES ('r', 'C', '0.1', 0.1), ('r', 'name', '猫\n', NULL)")
    store = open_store(workspace)
    assert store.query("SELECT run_id, key, value, number FROM params ORDER BY key") == [
        {"run_id": "r", "key": "C", "value": "0.1", "number": 0.1},
        {"run_id": "r", "key": "name", "value": "猫\n", "number": None},
    ]
    assert store.query("SELECT status FROM runs") == [{"status": "FINISHED"}]
    assert store.query("SELECT value FROM meta WHERE key = 'shape'") == [{"value": str(SHAPE)}]
    backup = workspace.store_path.with_name(f"store.shape{shape}.backup.duckdb")
    with duckdb.connect(str(backup), read_only=True) as kept:
        assert kept.execute("SELECT count(*) FROM params").fetchall() == [(2,)]
