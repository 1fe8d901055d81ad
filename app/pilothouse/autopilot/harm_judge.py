"""The judge's process: `python -m pilothouse.autopilot.harm_judge WORKSPACE`. It ends when nothing waits."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from pilothouse.autopilot.harm_progress import forget_progress, harm_lock, say_progress
from pilothouse.autopilot.harm_queue import be_nice
from pilothouse.config import ModelConfig
from pilothouse.errors import PilothouseError
from pilothouse.monitoring.verdicts import held_names
from pilothouse.performance.business_added import lacking
from pilothouse.performance.harms_kept import KeptHarm, Waiting, read_harm, waiting_for_harm
from pilothouse.performance.relabelling import look_again, short_of_labels
from pilothouse.processes import collect_seldom, hold_alive
from pilothouse.registry.versions import champion, get_version
from pilothouse.store import Store, open_store
from pilothouse.workspace import Workspace


def judge_waiting(
    workspace: Workspace, models: tuple[ModelConfig, ...], tell: Callable[[str], None] = lambda text: None
) -> Iterator[KeptHarm]:
    """Judge the harm of every arrival that waits, the oldest first, and yield each when it is in the store;
    then anew that of files whose labels came since.

    Labels that an arrival brings for logged predictions are taken first.

    Raises:
        PilothouseError: another process is at it.
    """
    lock = hold_alive(harm_lock(workspace))
    if lock is None:
        raise _at_it()
    with lock, _telling(workspace):
        store = open_store(workspace)
        seen: set[Waiting] = set()
        for model in models:
            while waiting := [one for one in waiting_for_harm(store, model.name) if one not in seen]:
                live = champion(store, model.name)
                if live is None:
                    break
                left = {one for each in models for one in waiting_for_harm(store, each.name)} - seen
                say_progress(workspace, model.name, waiting[0].name, len(seen) + 1, len(seen) + len(left))
                tell(f"Judging {waiting[0].name} ({len(left)} to go).")
                # pandas and scikit-learn, from here on.
                from pilothouse.performance.arrivals import judge_arrival
                from pilothouse.serving.outcomes import take_labels_of_file

                seen.add(waiting[0])
                take_labels_of_file(store, model, workspace.data_folder(model) / waiting[0].name)
                yield judge_arrival(store, live, model, waiting[0])
            yield from _judge_relabelled(store, model, tell)


def _judge_relabelled(store: Store, model: ModelConfig, tell: Callable[[str], None]) -> Iterator[KeptHarm]:
    """Judge files anew whose labels came since."""
    short = short_of_labels(store, model.name, since=True)
    for number, one in enumerate(short, 1):
        say_progress(store.workspace, model.name, one.file.name, number, len(short))
        tell(f"Looking at {one.file.name} again: labels have come.")
        if (kept := look_again(store, model, one, tell)) is not None:
            yield kept


def fill_business(
    workspace: Workspace, model: ModelConfig, tell: Callable[[str], None] = lambda text: None
) -> Iterator[KeptHarm]:
    """Judge files anew that were judged before a business metric was declared or changed, each for the
    version that it was judged for; `tell` hears of those that cannot be.

    Raises:
        PilothouseError: another process is at it.
    """
    store = open_store(workspace)
    held = held_names(store, model.name)
    lack = [one for one in read_harm(store, model.name) if lacking(one, model) and one.name not in held]
    if not lack:
        return
    lock = hold_alive(harm_lock(workspace))
    if lock is None:
        raise _at_it()
    with lock, _telling(workspace):
        from pilothouse.performance.arrivals import judge_arrival

        for number, one in enumerate(reversed(lack), 1):
            say_progress(workspace, model.name, one.name, number, len(lack))
            tell(
                f"Filling in {', '.join(lacking(one, model))} of {one.name} ({len(lack) - number + 1} to go)."
            )
            try:
                version = get_version(store, str(one.version), model.name)
                file = Waiting(one.model, one.name, one.sha256)
                yield judge_arrival(store, version, model, file, again=True)
            except PilothouseError as error:
                tell(f"{error.what} {error.untouched}".rstrip())


def _at_it() -> PilothouseError:
    return PilothouseError(
        "Another process judges the harm of what landed just now.",
        untouched="It goes on.",
        next="See what it finds with `pilothouse harm`.",
    )


def judge_relabelled(
    workspace: Workspace, model: ModelConfig, tell: Callable[[str], None] = lambda text: None
) -> list[KeptHarm] | None:
    """Judge files anew whose labels came since; None where another process is at it, which does that, too."""
    lock = hold_alive(harm_lock(workspace))
    if lock is None:
        return None
    with lock, _telling(workspace):
        return list(_judge_relabelled(open_store(workspace), model, tell))


@contextlib.contextmanager
def _telling(workspace: Workspace) -> Iterator[None]:
    """Let others know how far it is, from now on and no longer than it lasts."""
    forget_progress(workspace)
    try:
        yield
    finally:
        forget_progress(workspace)


def _to_log(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main() -> int:
    """Judge what waits; 0 too where another process does it already."""
    collect_seldom()
    be_nice()
    workspace = Workspace(Path(sys.argv[1]).absolute())
    try:
        for _ in judge_waiting(workspace, workspace.config().models, _to_log):
            pass
    except PilothouseError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
