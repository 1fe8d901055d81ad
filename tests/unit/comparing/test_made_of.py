"""Code, environment and data: what two models were made of."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import steering
from pilothouse.comparing.code import MOST_LINES, compare_code, origin_in_words
from pilothouse.comparing.data import compare_data
from pilothouse.comparing.environment import compare_environments
from pilothouse.comparing.origins import Behind, behind
from pilothouse.comparing.subjects import find_subjects
from pilothouse.store import open_store
from pilothouse.workspace import Workspace

COMMIT = "41be02c" + "0" * 33


def keep(workspace: Workspace, text: str) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()
    workspace.objects_dir.mkdir(parents=True, exist_ok=True)
    (workspace.objects_dir / digest).write_text(text)
    return digest


def test_lines_between_two_snapshots(trained: Workspace) -> None:
    one = Behind(code={"train.py": keep(trained, "a = 1\nb = 2\n"), "old.py": keep(trained, "x\n")})
    after = {"train.py": keep(trained, "a = 1\nb = 3\nc = 4\n"), "new.py": keep(trained, "y\nz\n")}
    two = Behind(code=after)
    found = compare_code(trained, ["v1", "v2"], [one, two]).changes[0]
    assert [(file.path, file.change, file.added, file.removed) for file in found.files] == [
        ("new.py", "added", 2, 0),
        ("old.py", "removed", 0, 1),
        ("train.py", "changed", 2, 1),
    ]
    assert "-b = 2" in found.diff.splitlines()
    assert "+c = 4" in found.diff.splitlines()
    assert found.said == "Against v1: 1 changed, 1 added, 1 removed; 4 lines more, 2 lines less."
    assert (
        compare_code(trained, ["v1", "v2"], [one, one])
        .changes[0]
        .said.startswith("The files are those of v1")
    )


def test_a_long_diff_is_cut_and_bytes_are_only_named(trained: Workspace) -> None:
    long = [
        Behind(code={"a.py": keep(trained, "\n".join(f"{sign}{n}" for n in range(3000)))}) for sign in "xy"
    ]
    cut = compare_code(trained, ["v1", "v2"], long).changes[0]
    assert cut.cut
    assert len(cut.diff.splitlines()) == MOST_LINES
    raw = trained.objects_dir / ("0" * 64)
    raw.write_bytes(b"\xff\xfe\x00")
    for digest in ("0" * 64, "f" * 64, "../../pilothouse.toml"):
        found = compare_code(trained, ["v1", "v2"], [Behind(code={"a": digest}), long[0]]).changes[0]
        assert [file.change for file in found.files] == ["removed", "added"]
        assert "target" not in found.diff  # nothing outside the objects is read


def test_commits_and_patches_where_no_files_were_kept(trained: Workspace) -> None:
    clean = Behind(commit=COMMIT, branch="main")
    patched = Behind(commit=COMMIT, branch="main", dirty=True, patch="--- a\n+++ b\n+one\n-two\n")
    assert origin_in_words(clean) == "41be02c on main"
    assert origin_in_words(patched) == "41be02c on main, with 2 uncommitted lines"
    found = compare_code(trained, ["v1", "v2"], [clean, patched]).changes[0]
    assert "uncommitted changes differ" in found.said
    assert "+one" in found.diff
    for lacking in (
        Behind(commit=COMMIT, dirty=True, patch_whole=False),
        replace(patched, patch_whole=False),
    ):
        found = compare_code(trained, ["v1", "v2"], [lacking, lacking]).changes[0]
        assert "not all of the uncommitted changes were kept" in found.said
    other = compare_code(trained, ["v1", "v2"], [clean, Behind(commit="f" * 40)]).changes[0]
    assert "Commit fffffff" in other.said
    nothing = compare_code(trained, ["v1", "v2"], [Behind(), clean]).changes[0]
    assert nothing.said == "No code to compare: v1 and v2 kept none."


def test_what_a_run_kept_is_read_and_what_is_broken_is_nothing(trained: Workspace) -> None:
    one = find_subjects(open_store(trained), ["one", "two"])[0]
    from_bundle = behind(open_store(trained), one)
    assert from_bundle.packages["scikit-learn"]
    assert from_bundle.built_in
    folder = trained.run_dir(one.run.run_id)
    (folder / "patch.diff").write_text("+line\n")
    tree = {
        "git": {"commit": COMMIT, "branch": "main", "dirty": True}, "patch": "patch.diff",
        "code": [{"path": "train.py", "sha256": "0" * 64, "bytes": 3}],
        "argv": ["python", "train.py"], "packages": {"numpy": "2.0"}, "python": "3.11.9",
        "host": {"name": "ship", "cpus": 2}, "threads": {"OMP_NUM_THREADS": "1"}, "seed": 7,
    }  # fmt: skip
    (folder / "origin.json").write_text(json.dumps(tree))
    kept = behind(open_store(trained), one)
    assert (kept.commit, kept.patch, kept.seed, kept.host["cpus"]) == (COMMIT, "+line\n", "7", "2")
    (folder / "patch.diff").unlink()
    (folder / "origin.json").write_text(json.dumps({**tree, "patch": "../../../pilothouse.toml"}))
    assert behind(open_store(trained), one).patch == ""
    for broken in ("", "[]", "{", '{"git": 3, "code": 4, "argv": 5, "packages": []}'):
        (folder / "origin.json").write_text(broken)
        behind(open_store(trained), one)


def test_environments() -> None:
    found = compare_environments(
        [
            Behind(python="3.11.7", packages={"numpy": "2.0", "pandas": "3.0"}, threads={"threads": "2"}),
            Behind(python="3.12.1", packages={"numpy": "2.0"}),
            Behind(),
        ]
    )
    differs = {row.key: row.differs for row in found}
    # What was not kept at all is no difference; a package that one has and another lacks is.
    assert differs == {"python": True, "numpy": False, "pandas": True, "threads": False}
    assert found[0].values == ("3.11.7", "3.12.1", None)


def test_how_data_differs_in_rows_files_columns_and_distribution(trained: Workspace) -> None:
    steering.land(trained.root / "data", "second.csv", steering.rows(400, seed=3, shift=2.0))
    assert steering.pilothouse("train", "--name", "three", cwd=trained.root).code == 0
    store = open_store(trained)
    data = compare_data(trained, store, find_subjects(store, ["v1", "v2", "v3"]))
    same, other = data.changes
    assert same.said[0].startswith("The same dataset version")
    assert (other.rows, other.files_added, other.files_removed) == (400, ("second.csv",), ())
    assert other.said[0] == "+400 rows: 700 against 300."
    assert next(one.column for one in other.columns if one.drifted) in ("a", "b")
    assert other.target is not None
    assert {one.column for one in other.columns} == {"a", "b", "c"}  # neither id nor time nor target
    back = compare_data(trained, store, find_subjects(store, ["v3", "v1"])).changes[0]
    assert (back.rows, back.files_removed) == (-400, ("second.csv",))


def test_columns_that_changed_and_data_that_is_gone(trained: Workspace, tmp_path: Path) -> None:
    table = steering.rows(300)
    for row in table:
        row["a"] = f"{row['a']} knots"
        row["fresh"] = 1
        del row["b"]
    (trained.root / "data" / "first.csv").unlink()
    names = list(table[0])
    text = "\n".join([",".join(names), *(",".join(str(row[name]) for name in names) for row in table)])
    (trained.root / "data" / "other.csv").write_text(text + "\n")
    # A type that the live version does not read holds a file back, until a person says that it is meant.
    assert steering.pilothouse("schema", "accept", "other.csv", "--yes", cwd=trained.root).code == 1
    meant = steering.pilothouse("schema", "accept", "other.csv", "--yes", "--new-types", cwd=trained.root)
    assert (meant.code, steering.pilothouse("train", cwd=trained.root).code) == (0, 0)
    store = open_store(trained)
    pair = find_subjects(store, ["v1", "v3"])
    found = compare_data(trained, store, pair).changes[0]
    said = " ".join(found.schema)
    assert "'b' is missing" in said
    assert "'fresh' is new" in said
    assert "'a' is text" in said
    # 'a' cannot be read as the number that it was; the others can be compared.
    assert not found.trouble
    assert {one.column for one in found.columns} == {"c"}
    for path in trained.objects_dir.iterdir():
        path.unlink()
    assert "cannot be compared" in compare_data(trained, store, pair).changes[0].trouble
