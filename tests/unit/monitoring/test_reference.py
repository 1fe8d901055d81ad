"""What new data is compared with is the live version's own profile, or it is said why not."""

from __future__ import annotations

import pytest

from pilothouse.data.reading import DataError
from pilothouse.monitoring.reference import find_reference
from pilothouse.store import open_store
from pilothouse.workspace import Workspace
from steering import land, pilothouse, rows


def test_a_damaged_profile_is_told_and_nothing_else_is_taken_for_it(trained: Workspace) -> None:
    store, config = open_store(trained), trained.config().model()
    path = trained.version_dir("late", 1) / "profile.json"
    whole = path.read_text()
    path.parent.chmod(0o755)
    path.chmod(0o644)
    for text in ("", "[]", "7", "null", whole[: len(whole) // 2], '{"columns": [1]}'):
        path.write_text(text)
        with pytest.raises(DataError, match="The profile of late v1, with which data is compared") as caught:
            find_reference(trained, store, config)
        assert "damaged" in caught.value.what and caught.value.untouched
    land(trained.root / "data", "new.csv", rows(40, seed=5))
    told = pilothouse("watch", "--once", cwd=trained.root)
    assert "The profile of late v1" in told.out + told.err
    assert not store.query("SELECT 1 FROM drift_reports WHERE subject = 'new.csv'")
    path.write_text(whole)
    found = find_reference(trained, store, config)
    assert found is not None and found.label == "late v1"
    # One that a script made never had a profile.
    path.unlink()
    found = find_reference(trained, store, config)
    assert found is not None and found.label.startswith("dataset ")
