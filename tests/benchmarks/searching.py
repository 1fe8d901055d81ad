"""Search over very many runs."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterator

from pilothouse.tracking.runs import list_runs
from pilothouse.tracking.search import parse
from pilothouse.tracking.search.nodes import Field
from pilothouse.tracking.selecting import NEWEST, Order

from .generate import fill, new_workspace
from .measure import Figures, Outcome, Script, Setup, SkippedError, alternate, seconds

RUNS, PEER_RUNS, BACK = 100_000, 2_000, 100
MOST_MS = 50.0
_BEST = Order(Field("metrics", "roc_auc"))
SEARCHES: tuple[tuple[str, str, Order], ...] = (
    ("best 100 by a metric", "", _BEST),
    ("newest 100", "", NEWEST),
    ("a word in the name, newest 100", "heron", NEWEST),
    ("a parameter's value, best 100 by a metric", "max_iter=300", _BEST),
    ("two words, best 100 by a metric", "failed heron", _BEST),
    ("a word that nothing has", "zzzz", NEWEST),
)


def searching(setup: Setup) -> Iterator[Outcome]:
    """Time of one search with everything that belongs to each run found."""
    runs = setup.repeats(RUNS, RUNS // 10)
    _, store = new_workspace(setup.new_folder("search"))
    fill(store, runs)
    try:
        peer: Script | None = Script(
            setup.peer_python("mlflow"), "mlflow_tracking.py", tempfile.mkdtemp(dir=setup.folder), PEER_RUNS
        )
        note = ""
    except SkippedError as why:
        peer, note = None, str(why)
    try:
        for name, text, order in SEARCHES:
            search = functools.partial(list_runs, store, where=parse(text), order=order, limit=BACK)
            found = search()
            assert not found or len(found[0].metrics) == 20
            ours = functools.partial(seconds, search)
            sides = [ours] if peer is None else [ours, lambda: peer.seconds("search")]
            taken = alternate(setup.repeats(15, 3), *sides)
            figures = [Figures(tuple(1000 * value for value in values), "ms") for values in taken]
            yield Outcome(
                4,
                f"search {runs:,} runs: {name}",
                f"{MOST_MS:.0f} ms",
                figures[0],
                f"MLflow, {PEER_RUNS:,} runs" if peer else "",
                figures[1] if peer else None,
                figures[1].median / figures[0].median if peer else None,
                figures[0].median <= MOST_MS,
                note,
                {"rows_back": len(found)},
            )
    finally:
        if peer is not None:
            peer.__exit__(None, None, None)
