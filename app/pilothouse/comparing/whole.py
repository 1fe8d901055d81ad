"""A whole comparison, section by section: the quick ones first, each handed over when it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pilothouse.comparing.findings import SECTIONS, Findings
from pilothouse.comparing.subjects import Subject
from pilothouse.errors import PilothouseError, UsageError
from pilothouse.store import Store
from pilothouse.workspace import Workspace

Tell = Callable[[str, float | None], None]
"""Told what is being done, and the share of it that is done where that is known."""


def sections(
    workspace: Workspace,
    store: Store,
    subjects: Sequence[Subject],
    *,
    by: Sequence[str] = (),
    intervals: bool = True,
    tell: Tell = lambda saying, share: None,
) -> Iterator[tuple[str, Any]]:
    """Give each section by its name as soon as it is there; a section that cannot be had comes as `untold`
    with the pair of its name and the reason.

    Args:
        workspace: where.
        store: its store.
        subjects: 2 to 20, the baseline first.
        by: columns to slice by; chosen by the schema if there are none.
        intervals: also what takes long: the judgement on shared rows, its curves and the slices.
        tell: is told what goes on.

    Raises:
        UsageError: a column to slice by does not exist.
    """
    from pilothouse.comparing.code import compare_code
    from pilothouse.comparing.curves import kept_curves, read_steps, short_curves, step_curves
    from pilothouse.comparing.environment import compare_environments
    from pilothouse.comparing.origins import behind

    known = [behind(store, subject) for subject in subjects]
    yield "environment", compare_environments(known)
    yield "code", compare_code(workspace, [one.label for one in subjects], known)
    by_step = short_curves(step_curves(read_steps(store, subjects), subjects))
    yield "curves", (*kept_curves(workspace, subjects), *by_step)
    tell("Comparing the data they were made of", None)
    from pilothouse.comparing.data import compare_data

    yield "data", compare_data(workspace, store, subjects)
    if intervals:
        yield from _on_shared_rows(workspace, store, subjects, by, by_step, tell)


def _on_shared_rows(
    workspace: Workspace,
    store: Store,
    subjects: Sequence[Subject],
    by: Sequence[str],
    by_step: tuple[Any, ...],
    tell: Tell,
) -> Iterator[tuple[str, Any]]:
    tell("Reading the rows they are judged on", None)
    from pilothouse.comparing.answers import answer
    from pilothouse.comparing.curves import answered_curves
    from pilothouse.comparing.intervals import RESAMPLES, judge
    from pilothouse.comparing.slices import slice_rows
    from pilothouse.data.versions import get_dataset_version

    try:
        answers = answer(workspace, store, subjects, lambda saying: tell(saying, None))
    except UsageError:
        raise
    except PilothouseError as error:
        for name in ("judgement", "slices"):
            yield "untold", (name, error.what)
        return
    if over := answered_curves(answers, subjects):
        yield "curves", (*over, *by_step)
    saying = f"Drawing {len(answers.table):,} rows {RESAMPLES:,} times"
    yield "judgement", judge(answers, subjects, lambda share: tell(saying, share))
    try:
        schema = get_dataset_version(store, subjects[0].run.dataset_version).schema
    except PilothouseError:
        schema = None
    found = slice_rows(answers, subjects, schema, by, lambda share: tell("Measuring slices", share))
    if found.columns:
        yield "slices", found
    else:
        yield "untold", ("slices", "No column is a category with two values or more; name one with --by.")


def find_everything(workspace: Workspace, store: Store, subjects: Sequence[Subject], **how: Any) -> Findings:
    """Return all sections at once; takes what `sections` takes."""
    found: dict[str, Any] = {}
    untold: dict[str, str] = {}
    for name, section in sections(workspace, store, subjects, **how):
        if name == "untold":
            untold[section[0]] = section[1]
        else:
            assert name in SECTIONS
            found[name] = section
    return Findings(**found, untold=untold)
