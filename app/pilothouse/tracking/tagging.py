"""Tags and notes: set, removed, for several runs at once, and put back as they were."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from pilothouse.errors import UsageError
from pilothouse.store import Store, Transaction, record
from pilothouse.tracking.digests import among, keep_digests
from pilothouse.tracking.folding import fold
from pilothouse.tracking.runs import Run, get_run, read_runs
from pilothouse.tracking.statuses import ENDED

Changes = Mapping[str, Mapping[str, str | None]]
"""Run id -> the tags that it gets; None takes one away."""

NOTE = "note"
"""The tag that is a run's note."""


def read_pairs(words: Sequence[str]) -> dict[str, str | None]:
    """Read `key=value` words into tags; `key=` takes one away.

    Raises:
        UsageError: a word has no equals sign, or no key before it.
    """
    tags: dict[str, str | None] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            raise UsageError(
                f"{word[:80]!r} is not KEY=VALUE.",
                untouched="No tag was changed.",
                next="A value with a space stands in quotes: KEY='two words'.",
            )
        tags[key.strip()] = value or None
    return tags


def read_tags(text: str) -> dict[str, str | None]:
    """Read ``owner=ana note="two words" old=`` as a shell would split it.

    Raises:
        UsageError: a word is not KEY=VALUE, or a quote is not closed.
    """
    try:
        words = shlex.split(text)
    except ValueError:
        raise UsageError("A quote is not closed.", untouched="No tag was changed.") from None
    return read_pairs(words)


def change_tags(
    store: Store, changes: Changes, *, actor: str | None = None, undoing: bool = False
) -> Changes:
    """Change tags of runs in one transaction, with one event; return what puts everything back.

    Runs that are gone meanwhile are passed over, and so is what would change nothing.

    Args:
        store: the workspace's store.
        changes: which tags each run gets or loses.
        actor: who or what did it.
        undoing: the event says that the tags were put back.
    """
    fold(store)
    with store.transaction() as tx:
        where, bound = among("runs.run_id", list(changes))
        runs = {run.run_id: run for run in read_runs(tx, where, bound)}
        real = {
            run_id: {key: value for key, value in tags.items() if runs[run_id].tags.get(key) != value}
            for run_id, tags in changes.items()
            if run_id in runs
        }
        real = {run_id: tags for run_id, tags in real.items() if tags}
        before = {run_id: {key: runs[run_id].tags.get(key) for key in tags} for run_id, tags in real.items()}
        if real:
            _write(tx, real)
            # They may have ended since somebody looked.
            keep_digests(tx, [run_id for run_id in real if runs[run_id].status in ENDED])
            _tell(tx, [runs[run_id] for run_id in real], real, before, actor, undoing)
    return before


def _write(tx: Transaction, changes: Changes) -> None:
    pairs = [(run_id, key) for run_id, tags in changes.items() for key in tags]
    tx.execute(
        "DELETE FROM tags WHERE (run_id, key) IN (SELECT (unnest(?::VARCHAR[]), unnest(?::VARCHAR[])))",
        [[run_id for run_id, _ in pairs], [key for _, key in pairs]],
    )
    kept = [
        {"run_id": run_id, "key": key, "value": value}
        for run_id, tags in changes.items()
        for key, value in tags.items()
        if value is not None
    ]
    tx.insert("tags", kept)


def _tell(
    tx: Transaction, runs: Sequence[Run], changes: Changes, before: Changes, actor: str | None, undoing: bool
) -> None:
    keys = list(dict.fromkeys(key for tags in changes.values() for key in tags))
    one = len(runs) == 1
    who = runs[0].name if one else f"{len(runs)} runs"
    verb = "was" if one else "were"
    said = f"the note on {who}" if keys == [NOTE] else f"{', '.join(keys)} of {who}"
    if undoing:
        message = f"{said[0].upper()}{said[1:]}: put back as before."
    elif keys == [NOTE]:
        gone = all(tags[NOTE] is None for tags in changes.values())
        message = f"The note on {who} was taken away." if gone else f"{who} {verb} given a note."
    else:
        message = f"{who} {verb} tagged: {', '.join(keys)}."
    data = {"runs": [[run.run_id, run.name] for run in runs], "tags": changes, "before": before}
    record(tx, "run", runs[0].run_id if one else "runs", message, data, actor)


def tag_runs(store: Store, refs: Sequence[str], tags: Mapping[str, str | None]) -> tuple[list[Run], Changes]:
    """Give the same tags to several runs, or take them away; return the runs, and what puts all back.

    Raises:
        NotFoundError: one of them does not exist, or names several; then nothing is changed.
    """
    ids = list(dict.fromkeys(get_run(store, ref).run_id for ref in refs))
    before = change_tags(store, dict.fromkeys(ids, tags))
    with store.reading() as tx:
        found = {run.run_id: run for run in read_runs(tx, *among("runs.run_id", ids))}
    return [found[run_id] for run_id in ids if run_id in found], before
