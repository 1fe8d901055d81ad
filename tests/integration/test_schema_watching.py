"""The watcher holds what breaks the accepted schema, and says why and what to do."""

from __future__ import annotations

import numpy as np

from making_data import write_parquet
from pilothouse.cli.main import main
from pilothouse.data.versions import snapshot
from pilothouse.store import Store, list_events
from pilothouse.workspace import Workspace
from watched import once


def test_a_file_lands_that_breaks_what_was_accepted(workspace: Workspace, store: Store) -> None:
    data, config = workspace.root / "data", workspace.config().model()
    rng = np.random.default_rng(1)

    def land(name: str, **changed: object) -> None:
        columns = {
            "x": np.linspace(0, 10, 300),
            "k": rng.choice(["a", "b"], 300),
            "y": rng.integers(0, 2, 300),
        }
        write_parquet(data / name, {**columns, **changed})

    land("jan.parquet")
    snapshot(workspace, store, config)
    land("feb.parquet", x=[-999.0, *rng.uniform(0, 10, 299)])
    watched = once(workspace)
    assert ("feb.parquet", "ok") in watched.judged()
    folder = ["--workspace", str(workspace.root)]
    assert main(["schema", "accept", "--yes", *folder]) == 0
    land("mar.parquet", x=[-999.0, *rng.uniform(0, 10, 299)], k=["[red]z", "a"] * 150)
    watched = once(workspace)
    assert watched.judged()[-1] == ("mar.parquet", "held")
    head, *lines = watched.told
    assert head == "■ mar.parquet is held for 2 reasons:"
    assert "'x' is outside -10 to 20 in 1 of 300 values. (row 1 has '-999.0')" in lines[0]
    assert sum("error: " in line for line in lines) == 2
    assert "→ Correct the file, take it as it is (`pilothouse check mar.parquet --accept`)" in lines[1]
    assert list_events(store)[1].message.startswith("mar.parquet is held back: 'x' is outside")
    assert [file.name for file in snapshot(workspace, store, config).files] == ["feb.parquet", "jan.parquet"]
    assert main(["check", "mar.parquet", "--accept", "--reason", "a new kind", *folder]) == 0
    assert len(snapshot(workspace, store, config).files) == 3
