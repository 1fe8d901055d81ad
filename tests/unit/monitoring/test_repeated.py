"""Rows that come again in a later file are told, and which file had them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pilothouse.data import ids_kept
from pilothouse.data.ids_kept import repeated_ids
from pilothouse.data.keeping import fingerprint
from pilothouse.data.reading import DataFile
from pilothouse.data.versions import snapshot
from pilothouse.monitoring.checks import WARNING, Finding
from pilothouse.monitoring.judging import judge_file
from pilothouse.store import open_store
from pilothouse.workspace import Workspace
from steering import land, pilothouse_each, rows


def again(workspace: Workspace, name: str, table: list[dict[str, Any]]) -> list[Finding]:
    path = land(workspace.root / "data", name, table)
    verdict = judge_file(workspace, open_store(workspace), workspace.config().model(), path)
    assert verdict.status == "ok"
    return [one for one in verdict.findings if one.rule == "again"]


def test_ids_of_files_that_landed_before_are_a_warning_in_check_harm_and_training(trained: Workspace) -> None:
    first, second = rows(200, seed=81), rows(100, seed=82)
    assert again(trained, "first.csv", first) == [] == again(trained, "second.csv", second)
    (found,) = again(trained, "more.csv", [*rows(50, seed=83), *first[:120], *second[:10]])
    assert (found.severity, found.column, found.count) == (WARNING, "id", 130)
    assert found.message == (
        "130 of its 180 ids lie in 2 files of the folder that landed before: 120 in first.csv, 10 in"
        " second.csv. A training that takes both counts those rows twice."
    )
    assert "Take the repeated rows out" in found.next
    store, config = open_store(trained), trained.config().model()
    # What was there before is not to blame, whenever it is looked at again; nor is a file that grows.
    for name in ("first.csv", "second.csv"):
        verdict = judge_file(trained, store, config, trained.root / "data" / name)
        assert not [one for one in verdict.findings if one.rule == "again"]
    assert again(trained, "second.csv", [*second, *rows(20, seed=84)]) == []
    told: list[str] = []
    snapshot(trained, store, config, tell=told.append)
    assert [one for one in told if "lie in" in one] == [f"more.csv: {found.message}"]
    shown, judged, one = pilothouse_each(
        ["check", "more.csv"], ["harm", "--judge"], ["harm", "more.csv"], cwd=trained.root
    )
    assert "130 of its 180 ids" in shown.out and judged.code == 0
    assert "130 of its rows landed before, in another file, and count again." in one.out
    # A file that is gone from the folder is counted nowhere.
    (trained.root / "data" / "first.csv").unlink()
    (found,) = again(trained, "last.csv", [*first[130:135], *rows(60, seed=85), *second[20:23]])
    assert found.message.startswith("3 of its 68 ids lie in second.csv, which landed before.")


def test_what_the_reference_is_made_of_was_there_before(trained: Workspace) -> None:
    known = trained.root / "data" / "first.csv"
    assert known.is_file()
    lines = known.read_text().splitlines()
    header, *body = (line.split(",") for line in lines)
    table = [dict(zip(header, row, strict=True)) for row in body[:30]]
    (found,) = again(trained, "again.csv", [*table, *rows(40, seed=86)])
    assert found.message.startswith("30 of its 70 ids lie in first.csv, which landed before.")


def test_numbers_may_be_lost_or_damaged_and_what_is_looked_at_is_bounded(
    fresh: Workspace, tmp_path: Path
) -> None:
    def file(name: str, table: list[dict[str, Any]]) -> tuple[DataFile, str]:
        path = land(tmp_path, name, table)
        return DataFile(name, path), fingerprint(path)

    mine = file("mine.csv", [{"id": number} for number in range(10)])
    floats = file("floats.csv", [{"id": f"{number}.0"} for number in range(5)])
    blank = file("blank.csv", [{"id": "", "x": 1}, {"id": 9, "x": 1}])
    other = file("other.csv", [{"x": 1}])
    found = repeated_ids(fresh, "id", mine, [floats, blank, other])
    assert found is not None and (found.ids, found.known) == (10, 6)
    assert found.files == (("floats.csv", 5), ("blank.csv", 1))
    folder = fresh.state_dir / ".ids"
    assert len(list(folder.iterdir())) == 3
    for path in folder.iterdir():
        path.write_bytes(b"broken")
    assert repeated_ids(fresh, "id", mine, [floats, blank]) is None and not list(folder.iterdir())
    assert repeated_ids(fresh, "id", mine, [floats, blank]) == found
    assert repeated_ids(fresh, "id", other, [floats]) is None
    assert repeated_ids(fresh, "id", file("none.csv", [{"id": 77}]), [floats, blank]) is None
    gone = (DataFile("gone.csv", tmp_path / "gone.csv"), "f" * 64)
    assert repeated_ids(fresh, "id", mine, [gone, floats, blank]) == found
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.write_text("no folder can be made here")
    assert repeated_ids(fresh, "id", mine, [floats, blank]) is None
    folder.unlink()
    before = ids_kept.MOST_FILES
    try:
        ids_kept.MOST_FILES = 1
        part = repeated_ids(fresh, "id", mine, [floats, blank])
    finally:
        ids_kept.MOST_FILES = before
    assert part is not None and part.files == (("floats.csv", 5),)
