"""How the code differs: commits, files, and the lines between two snapshots."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from pilothouse.comparing.findings import Code, CodeChange, FileChange
from pilothouse.comparing.origins import Behind
from pilothouse.workspace import Workspace

MOST_LINES = 1000
"""Lines of a diff that are kept; the rest is only counted."""
MOST_BYTES = 400_000
"""A file larger than this is named, and not compared line by line."""


def compare_code(workspace: Workspace, labels: Sequence[str], known: Sequence[Behind]) -> Code:
    """Compare the code of each with that of the first."""
    return Code(
        tuple(origin_in_words(one) for one in known),
        tuple(
            _change(workspace, labels[0], known[0], label, one)
            for label, one in zip(labels[1:], known[1:], strict=True)
        ),
    )


def origin_in_words(one: Behind) -> str:
    """Say where code comes from: `41be02c on main, with 12 uncommitted lines, 3 files`."""
    if one.built_in and one.packages.get("pilothouse"):
        return f"a built-in recipe of pilothouse {one.packages['pilothouse']}"
    parts = []
    if one.commit:
        parts.append(one.commit[:7] + (f" on {one.branch}" if one.branch else ""))
        if one.dirty or one.patch:
            lines = _patch_lines(one.patch)
            parts.append(f"with {lines:,} uncommitted lines" if lines else "with uncommitted changes")
    if one.code:
        parts.append(f"{len(one.code):,} file{'s' if len(one.code) > 1 else ''} kept")
    words = ", ".join(parts) or "nothing is known of its code"
    return f"{words}, as of {one.part_of}, which it is a part of" if one.part_of else words


def _patch_lines(patch: str) -> int:
    return sum(
        line.startswith(("+", "-")) and not line.startswith(("+++ ", "--- ")) for line in patch.splitlines()
    )


def _change(workspace: Workspace, base: str, mine: Behind, label: str, other: Behind) -> CodeChange:
    if mine.record is not None and mine.record == other.record and (mine.part_of or other.part_of):
        return CodeChange(label, _one_maker(base, mine, label, other))
    if not mine.code or not other.code or (mine.built_in and other.built_in):
        return _without_files(base, mine, label, other)
    files, diff = [], []
    for path in sorted({*mine.code, *other.code}):
        before, after = mine.code.get(path), other.code.get(path)
        if before == after:
            continue
        change, lines = _file(workspace, path, before, after)
        files.append(change)
        diff += lines
    said = _files_in_words(files, base)
    if mine.commit and other.commit and mine.commit != other.commit:
        said += f" Commits: {mine.commit[:7]} and {other.commit[:7]}."
    return CodeChange(label, said, tuple(files), "\n".join(diff[:MOST_LINES]), len(diff) > MOST_LINES)


def _one_maker(base: str, mine: Behind, label: str, other: Behind) -> str:
    """Say why two runs have the same code: it was never kept twice."""
    if mine.part_of and other.part_of:
        return f"The same: both are parts of {mine.part_of}."
    part, whole = (label, base) if other.part_of else (base, label)
    return f"The same: {part} is a part of {whole}."


def _files_in_words(files: Sequence[FileChange], base: str) -> str:
    if not files:
        return f"The files are those of {base}, byte for byte."
    counts = {kind: sum(one.change == kind for one in files) for kind in ("changed", "added", "removed")}
    told = ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count)
    added, removed = sum(one.added for one in files), sum(one.removed for one in files)
    return f"Against {base}: {told}; {_lines(added)} more, {_lines(removed)} less."


def _lines(count: int) -> str:
    return f"{count:,} line{'' if count == 1 else 's'}"


def _without_files(base: str, mine: Behind, label: str, other: Behind) -> CodeChange:
    """Compare what little is known where one of the two kept no files, or Pilothouse's own code ran."""
    versions = [one.packages.get("pilothouse") for one in (mine, other)]
    if mine.built_in and other.built_in and all(versions):
        if versions[0] == versions[1]:
            return CodeChange(label, f"Both are built-in recipes of pilothouse {versions[0]}: the same code.")
        return CodeChange(label, f"Built-in recipes of pilothouse {versions[0]} and {versions[1]}.")
    if mine.commit and other.commit:
        if mine.commit != other.commit:
            words = f"Commit {other.commit[:7]}, where {base} is of {mine.commit[:7]}."
        elif not (mine.patch_whole and other.patch_whole):
            words = f"The commit is that of {base}; not all of the uncommitted changes were kept."
        elif mine.patch == other.patch:
            words = f"The commit is that of {base}, and so are the uncommitted changes."
        else:
            words = f"The commit is that of {base}; the uncommitted changes differ."
        lines = list(
            difflib.unified_diff(
                mine.patch.splitlines(), other.patch.splitlines(), f"{base}: uncommitted",
                f"{label}: uncommitted", lineterm="",
            )
        )  # fmt: skip
        return CodeChange(label, words, (), "\n".join(lines[:MOST_LINES]), len(lines) > MOST_LINES)
    who = " and ".join(name for name, one in ((base, mine), (label, other)) if not one.code)
    return CodeChange(label, f"No code to compare: {who} kept none.")


def _file(
    workspace: Workspace, path: str, before: str | None, after: str | None
) -> tuple[FileChange, list[str]]:
    texts = [_text(workspace, digest) for digest in (before, after)]
    kind = "added" if before is None else "removed" if after is None else "changed"
    if texts[0] is None or texts[1] is None:
        return FileChange(path, kind), [
            f"--- {path}",
            f"+++ {path}",
            "(not kept as text, or too large to compare)",
        ]
    old, new = texts[0].splitlines(), texts[1].splitlines()
    names = ("/dev/null" if before is None else f"a/{path}", "/dev/null" if after is None else f"b/{path}")
    lines = list(difflib.unified_diff(old, new, *names, lineterm=""))
    added = sum(line.startswith("+") for line in lines[2:])
    removed = sum(line.startswith("-") for line in lines[2:])
    return FileChange(path, kind, added, removed), lines


def _text(workspace: Workspace, digest: str | None) -> str | None:
    """Return a file's text: empty if there was none, None if it is not to be had."""
    if digest is None:
        return ""
    if not digest or not all(char in "0123456789abcdef" for char in digest):
        return None
    path = workspace.objects_dir / digest
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
