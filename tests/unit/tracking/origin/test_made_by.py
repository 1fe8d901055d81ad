"""What made a part of a run is what made the run, and is kept once."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from pilothouse.comparing.code import compare_code, origin_in_words
from pilothouse.comparing.environment import compare_environments
from pilothouse.comparing.origins import behind
from pilothouse.comparing.subjects import find_subjects
from pilothouse.store import Store
from pilothouse.tracking.origin.made_by import MadeBy, find_origin
from pilothouse.tracking.origin.origin import CodeFile, Git, Origin, write_origin
from pilothouse.tracking.runs import get_run, list_runs
from pilothouse.tracking.trash import delete_runs, purge_runs
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.tui.snapshots.run_origin import look_at_code, run_origin
from pilothouse.workspace import Workspace
from steering import pilothouse

RECORD = Origin(
    git=Git("41be02c" + "0" * 33, "main", dirty=True),
    patch="patch.diff",
    code=(CodeFile("train.py", "a" * 64, 10),),
    argv=("python", "train.py"),
    packages={"numpy": "2.0"},
    python="3.11.7",
)


def make(workspace: Workspace, name: str, parent: str = "", record: Origin | None = None) -> str:
    kind = "sweep" if name == "sweep" else "api"
    writer = open_run(workspace, RunStart(kind=kind, name=name, status="RUNNING", parent_run_id=parent))
    if record is not None:
        write_origin(writer.folder, record, b"-old\n+new\n")
    writer.end("FINISHED", 0)
    return writer.run_id


def made(store: Store, name: str) -> MadeBy:
    found = find_origin(store, get_run(store, name))
    assert found is not None
    return found


def test_a_part_has_the_record_of_the_outermost_run(workspace: Workspace, store: Store) -> None:
    whole = make(workspace, "whole", record=RECORD)
    part = make(workspace, "part", whole)
    make(workspace, "within", part)
    assert (made(store, "whole").part, made(store, "whole").run.run_id) == (False, whole)
    for name in ("part", "within"):
        found = made(store, name)
        assert (found.part, found.run.run_id, found.origin) == (True, whole, RECORD)
        assert found.patch == "-old\n+new\n"
        look = run_origin(workspace, get_run(store, name).run_id).origin
        assert look is not None and (look.run_id, look.part_of, look.branch) == (whole, "whole", "main")
        assert "+new" in "\n".join(map(str, look_at_code(workspace, look.run_id, look.patch, "").lines))
    assert not any(workspace.run_dir(part).glob("origin*"))


def test_nobody_knows_what_was_not_recorded(workspace: Workspace, store: Store) -> None:
    whole = make(workspace, "whole")
    make(workspace, "part", whole)
    make(workspace, "orphan", "nosuchrun000")
    for name in ("whole", "part", "orphan"):
        assert find_origin(store, get_run(store, name)) is None
    # A journal may hold anything, such as two runs that are parts of each other.
    one, two = make(workspace, "one"), make(workspace, "two")
    assert len(list_runs(store)) == 5
    with store.transaction() as tx:
        tx.execute("UPDATE runs SET parent_run_id = ? WHERE run_id = ?", [two, one])
        tx.execute("UPDATE runs SET parent_run_id = ? WHERE run_id = ?", [one, two])
    assert find_origin(store, get_run(store, "one")) is None


def test_a_run_that_was_gone_on_with_made_its_later_parts_with_what_went_on(
    workspace: Workspace, store: Store
) -> None:
    whole = make(workspace, "whole", record=replace(RECORD, at=time.time() - 60))
    make(workspace, "early", whole)
    again = replace(RECORD, argv=("python", "again.py"), at=time.time())
    write_origin(workspace.run_dir(whole), again, b"")
    late = make(workspace, "late", whole)
    # And this part was itself gone on with.
    alone = replace(RECORD, argv=("python", "alone.py"), at=time.time())
    write_origin(workspace.run_dir(late), alone, b"")
    assert made(store, "early").origin.argv == RECORD.argv
    assert made(store, "late").origin == replace(again, patch=None) and made(store, "late").patch == ""
    assert [one.argv for one in made(store, "late").later] == [alone.argv]
    first, second = (behind(store, one) for one in find_subjects(store, ["early", "late"]))
    assert first.record != second.record


@pytest.mark.parametrize("kind", ["whole", "sweep"])
def test_two_parts_of_one_run_are_compared_by_its_record(
    workspace: Workspace, store: Store, kind: str
) -> None:
    whole = make(workspace, kind, record=RECORD)
    other = make(workspace, "other", record=replace(RECORD, python="3.12.0"))
    for name, parent in (("one", whole), ("two", whole), ("three", other)):
        make(workspace, name, parent)

    def compared(*names: str) -> tuple[str, dict[str, tuple[str | None, ...]]]:
        known = [behind(store, subject) for subject in find_subjects(store, names)]
        differ = {row.key: row.values for row in compare_environments(known) if row.differs}
        assert all(row.values for row in compare_environments(known))
        return compare_code(workspace, names, known).changes[0].said, differ

    assert compared("one", "two") == (f"The same: both are parts of {kind}.", {})
    assert compared(kind, "two") == (f"The same: two is a part of {kind}.", {})
    assert compared("two", kind) == (f"The same: two is a part of {kind}.", {})
    said, differ = compared("one", "three")
    assert said == "The files are those of one, byte for byte."
    assert differ == {"python": ("3.11.7", "3.12.0")}
    one = behind(store, find_subjects(store, ["one", "two"])[0])
    assert origin_in_words(one).endswith(f"1 file kept, as of {kind}, which it is a part of")


def test_show_tells_what_made_a_part(workspace: Workspace, store: Store) -> None:
    whole = make(workspace, "whole", record=RECORD)
    make(workspace, "part", whole)
    told = pilothouse("show", "part", cwd=workspace.root).out
    assert f"whole ({whole}), which it is a part of" in told and "python train.py" in told
    found = json.loads(pilothouse("show", "part", "--json", cwd=workspace.root).out)
    assert (found["origin"]["python"], found["origin_run_id"]) == ("3.11.7", whole)
    assert "+new" in pilothouse("show", "part", "--patch", cwd=workspace.root).out
    delete_runs(store, [whole])
    assert made(store, "part").run.run_id == whole, "what lies in the trash can still explain"
    purge_runs(store, [whole])
    assert find_origin(store, get_run(store, "part")) is None
    assert "made by" not in pilothouse("show", "part", cwd=workspace.root).out
