"""The trials' runs: each is journaled when it starts, with its results, and how it truly ended."""

from __future__ import annotations

import shlex
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pilothouse.tracking.last_values import last_of
from pilothouse.tracking.writer import LOG_NAME, RunStart, RunWriter, open_run
from pilothouse.training.spec import RunSpec, write_spec
from pilothouse.training.sweeps.plan import TRIAL_KIND, TRIAL_TAG
from pilothouse.training.sweeps.strategies import Outcome, Planned, is_score
from pilothouse.training.sweeps.trial import Order, TrialResult
from pilothouse.training.watching import RunWatch
from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Ended:
    """A trial that has ended.

    Attributes:
        planned: the plan's entry.
        run_id: of its run.
        params: all that it had.
        score: None if it failed.
        seconds: how long it took.
    """

    planned: Planned
    run_id: str
    params: dict[str, Any]
    score: Outcome
    seconds: float


class Ledger:
    """Opens and ends the runs of one sweep's trials.

    Orders are opened from joblib's threads, hence the lock. The runs' liveness locks are this process's: if
    it is killed, every trial that was under way reads LOST.
    """

    def __init__(
        self,
        workspace: Workspace,
        sweep_id: str,
        spec: RunSpec,
        metric: str,
        name: str,
    ) -> None:
        self._workspace = workspace
        self._sweep_id = sweep_id
        self._spec = spec
        self._metric = metric
        self._name = name
        self._lock = threading.Lock()
        self._open: dict[str, tuple[Order, RunWriter]] = {}

    def begin(self, order: Order) -> Path:
        """Open the run of a trial that begins now, hold it, and return its folder."""
        planned, params = order.planned, order.params
        writer = open_run(
            self._workspace,
            RunStart(
                kind=TRIAL_KIND,
                name=f"{self._name}-{planned.key}",
                model=self._spec.model.name if self._spec.model else "",
                recipe=self._spec.recipe,
                command=shlex.join(self._spec.command),
                dataset_version=self._spec.dataset_version,
                status="RUNNING",
                parent_run_id=self._sweep_id,
                params=params,
                tags={TRIAL_TAG: planned.key},
            ),
            hold=True,
        )
        # With orders of its own a trial can be run again as an ordinary run.
        write_spec(writer.folder, replace(self._spec, params=params, sweep=False))
        with self._lock:
            self._open[planned.key] = (order, writer)
        return writer.folder

    def under_way(self) -> list[Order]:
        """The orders whose trials have not ended."""
        with self._lock:
            return [order for order, _ in self._open.values()]

    def end(self, result: TrialResult) -> Ended | None:
        """Write a trial's results and its end; None if it has ended before."""
        with self._lock:
            found = self._open.pop(result.key, None)
        if found is None:
            return None
        order, writer = found
        if result.log:
            (writer.folder / LOG_NAME).write_text(result.log, encoding="utf-8", errors="replace")
        for step, values in result.points:
            writer.log_metrics(values, step)
        curves = last_of(result.points)
        # A script's metrics are its curves' last points; a recipe's are of more rows than its curves.
        finals = {key: value for key, value in result.metrics.items() if curves.get(key) != value}
        withheld = {key: value for key, value in finals.items() if value != value and key in curves}
        writer.log_metrics({key: value for key, value in finals.items() if key not in withheld})
        if tags := {key: text for key, text in (("worker", result.host), ("metrics", result.unread)) if text}:
            writer.set_tags(tags)
        known = {**_logged(writer.folder), **withheld}
        error = result.error or self._wanting(known, result.unread)
        score = None if error else known[self._metric]
        writer.end("FAILED" if error else "FINISHED", _code(result, error), error)
        return Ended(order.planned, writer.run_id, dict(order.params), score, result.seconds)

    def give_up(self, status: str, reason: str, *keys: str) -> None:
        """End the runs that are under way, or only those named, without results."""
        with self._lock:
            chosen = [key for key in self._open if not keys or key in keys]
            writers = [self._open.pop(key)[1] for key in chosen]
        for writer in writers:
            writer.end(status, None, reason)

    def _wanting(self, metrics: dict[str, float], unread: str) -> str:
        if self._metric not in metrics:
            some = ", ".join(sorted(metrics)[:10]) or "none at all"
            return "\n".join(filter(None, (f"It gave no metric {self._metric!r}; it gave {some}.", unread)))
        value = metrics[self._metric]
        return "" if is_score(value) else f"Its {self._metric} is {value}: it diverged."


def _logged(folder: Path) -> dict[str, float]:
    """The last values as the store will have them: a script that imports Pilothouse wrote some itself."""
    watch = RunWatch(folder)
    watch.look()
    return watch.metrics


def _code(result: TrialResult, error: str) -> int | None:
    return result.exit_code if result.exit_code is not None else int(bool(error))
