"""The child of a sweep's run: hands out trials, journals them, knows when it is enough, keeps the best.

`python -m pilothouse.training.sweeps.coordinator <run_dir>`, started by the supervisor.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from pilothouse.errors import PilothouseError
from pilothouse.processes import collect_seldom
from pilothouse.tracking.decimals import decimal
from pilothouse.tracking.writer import RunWriter, attach_run
from pilothouse.training.spec import RunSpec, read_spec, workspace_of
from pilothouse.training.sweeps.bell import STOPPED, TIME_OVER, Bell, StopWaitingError
from pilothouse.training.sweeps.crew import Crew, crew_of
from pilothouse.training.sweeps.data import data_kind, recipe_data, script_data
from pilothouse.training.sweeps.ledger import Ended, Ledger
from pilothouse.training.sweeps.plan import (
    BEST_RUN_TAG,
    BEST_TAG,
    DEFAULT_METRICS,
    ROWS,
    SweepPlan,
    read_plan,
)
from pilothouse.training.sweeps.results import describe_best, honesty, read_sweep, write_best
from pilothouse.training.sweeps.standing import Standing
from pilothouse.training.sweeps.strategies import Outcome, Planned
from pilothouse.training.sweeps.trial import VALIDATION, Order, RecipeData, ScriptData, TrialResult, params_of
from pilothouse.workspace import Workspace


class Coordinator:
    """One sweep, from start to end."""

    def __init__(self, run_dir: Path, bell: Bell) -> None:
        self._run_dir = run_dir
        self._bell = bell
        self._workspace: Workspace = workspace_of(run_dir)
        self._spec: RunSpec = read_spec(run_dir)
        self._plan: SweepPlan = read_plan(run_dir)
        self._writer: RunWriter = attach_run(run_dir)
        self._began = time.monotonic()
        self._trouble: OSError | None = None
        self._why = ""  # it was enough

    def run(self) -> int:
        """Run the sweep; 0 if it found something.

        Raises:
            PilothouseError: the data or the cluster do not allow it, or no trial has a score.
        """
        plan = self._plan
        self._writer.progress(None, "Loading libraries and data.")
        if self._spec.recipe:
            rows, words = recipe_data(self._workspace, self._spec, plan)
            data: RecipeData | ScriptData = rows
            self._metric = plan.metric or VALIDATION + DEFAULT_METRICS[data_kind(rows)]
            self._say(words)
        else:
            data = script_data(self._workspace, self._spec, plan, self._run_dir)
            self._metric = plan.metric
        self._writer.log_params({"metric": self._metric})
        self._standing = Standing(
            plan.make(self._metric), self._metric, plan.is_lower(self._metric), self._take_up()
        )
        from pilothouse.store import open_store
        from pilothouse.tracking.runs import get_run

        self._store = open_store(self._workspace)
        self._name = get_run(self._store, self._run_dir.name).name
        self._ledger = Ledger(self._workspace, self._run_dir.name, self._spec, self._metric, self._name)
        left = self._standing.left
        self._tell(f"Sweep {self._name} started: {left} trials, {plan.strategy}, by {self._metric}.")
        self._clock()
        try:
            with crew_of(plan, data, self._run_dir) as crew:
                for remark in crew.remarks:
                    self._say(f"Beware: {remark}")
                if crew.remarks:
                    self._writer.set_tags({"cluster_versions": " ".join(crew.remarks)})
                self._writer.log_params({"workers": crew.jobs})
                self._say(f"{left} trials, {crew.jobs} at once.")
                why = self._search(crew)
        finally:
            self._ledger.give_up("KILLED", self._why_killed())
        self._bell.forget_time()
        return self._close(why)

    def _why_killed(self) -> str:
        rung = self._bell.rung
        if rung or not self._why:
            return "The sweep's time was over." if rung == TIME_OVER else "Stopped with its sweep."
        return f"The sweep ended early. {self._why}"

    def _take_up(self) -> dict[str, Outcome]:
        """Take over what an earlier sweep of the same plan found; return its trials' scores."""
        if not self._plan.resumes:
            return {}
        from pilothouse.store import open_store

        earlier = read_sweep(open_store(self._workspace), self._plan.resumes)
        # What it kept as its best may be older than its trials: it may have been killed in between.
        if (best := earlier.best) is not None:
            self._keep_best(best.key, best.run.run_id, best.score)
        self._say(f"{len(earlier.outcomes)} trials have ended before and are not run again.")
        return dict(earlier.outcomes)

    # ------------------------------------------------------------ searching

    def _search(self, crew: Crew) -> str:
        """Run trials until there is nothing left to do or it is enough; say why it ended."""
        while True:
            if why := self._enough():
                return why
            due = self._standing.due()
            if not due:
                return ""
            if why := self._batch(crew, due):
                return why

    def _batch(self, crew: Crew, due: list[Planned]) -> str:
        """Run the trials that are due; say why it was enough, if it was."""
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        try:
            return self._drain(crew, due, crew.jobs)
        except TerminatedWorkerError:
            if self._bell.rung or self._settle():
                return self._bell.rung
            # One worker died, and joblib says not which: each trial that was under way is tried alone.
            suspects = [order.planned for order in self._ledger.under_way()]
            self._say(f"A worker died; {len(suspects)} trials that were under way are run again, one by one.")
            self._ledger.give_up("LOST", "A worker of the sweep died while it ran; it is run again.")
        for planned in suspects:
            try:
                if why := self._drain(crew, [planned], 1):
                    return why
            except TerminatedWorkerError:
                if self._bell.rung or self._settle():
                    return self._bell.rung
                lost = TrialResult(planned.key, error="Its process died, perhaps for want of memory.")
                self._took(self._ledger.end(lost))
        return ""

    def _settle(self) -> bool:
        """Whether a stop is on its way: it kills the workers at the same moment as it reaches us."""
        until = time.monotonic() + 0.5
        while not self._bell.rung and time.monotonic() < until:
            time.sleep(0.02)
        return bool(self._bell.rung)

    def _drain(self, crew: Crew, due: list[Planned], jobs: int) -> str:
        results = crew.run(self._feed(due), self._begin, jobs)
        try:
            while True:
                try:
                    with self._bell.waiting():
                        result = next(results)
                except StopIteration:
                    if self._trouble is not None:
                        raise self._trouble from None
                    return self._enough()
                if result.lost:
                    self._ledger.give_up("LOST", "The connection to the cluster was lost.")
                    raise PilothouseError(
                        f"The connection to the cluster at {self._plan.cluster} was lost.",
                        untouched="What the trials that ended have found is kept.",
                        next=f"Go on with `pilothouse sweep --resume {self._run_dir.name}`.",
                    )
                self._took(self._ledger.end(result))
                if why := self._enough():
                    return why
        except StopWaitingError:
            return self._bell.rung
        finally:
            with contextlib.suppress(Exception):
                results.close()

    def _feed(self, due: list[Planned]) -> Iterator[Order]:
        """The orders of trials that are due, for as long as nobody stops the sweep."""
        plan = self._plan
        fixed = dict(plan.fixed or {})
        for planned in due:
            if self._over():
                return
            params = params_of(planned, fixed, plan.resource, plan.full)
            yield Order(planned, params, planned.share if plan.resource == ROWS else 1.0)

    def _begin(self, order: Order) -> Order:
        """Open the run of a trial that a worker is free for. Runs in joblib's threads."""
        if self._over():
            return replace(order, void=True)
        try:
            folder = self._ledger.begin(order)
        except OSError as error:
            # Raised here it would be lost in joblib's thread.
            self._trouble = error
            return replace(order, void=True)
        shared = not self._spec.recipe and not self._plan.cluster
        return replace(order, run_dir=str(folder.absolute())) if shared else order

    def _over(self) -> bool:
        return bool(self._bell.rung or self._trouble or self._why)

    def _enough(self) -> str:
        """Why the sweep should end now; from then on nothing new begins."""
        self._why = self._why or self._bell.rung or self._standing.enough(self._plan.limits, self._seconds())
        return self._why

    def _clock(self) -> None:
        if self._plan.max_time is not None:
            # Counted from where the limits count, before the data was loaded.
            left = max(0.0, self._plan.max_time - self._seconds())
            timer = threading.Timer(left, _thread.interrupt_main)
            timer.daemon = True
            timer.start()

    # ------------------------------------------------------------ keeping

    def _took(self, ended: Ended | None) -> None:
        if ended is None:
            return
        key, best = ended.planned.key, self._standing.take(ended.planned, ended.score)
        score = "failed" if ended.score is None else f"{ended.score:.6g}"
        self._say(f"trial {key}: {score}, {ended.seconds:.1f} s, {_words(ended.planned.params)}")
        if best:
            self._keep_best(key, ended.run_id, ended.score)
            self._tell(f"Sweep {self._name}: best so far is trial {key}, {self._metric} {score}.")
        if (top := self._standing.best_score) is not None:
            self._writer.log_metrics({f"best_{self._metric}": top}, step=self._standing.ended)
        self._writer.progress(*self._standing.progress(self._seconds()))

    def _keep_best(self, key: str, run_id: str, score: Outcome) -> None:
        write_best(self._run_dir, describe_best(self._plan, self._metric, key, run_id, score))
        self._writer.set_tags({BEST_TAG: key, BEST_RUN_TAG: run_id})

    def _close(self, why: str) -> int:
        """Say how it ended; fit the winner if that was asked for."""
        standing, stopped = self._standing, why == STOPPED
        told = {STOPPED: "It was stopped.", TIME_OVER: "Its time is over."}.get(why, why)
        if why:
            self._writer.set_tags({"stopped_early": told})
        said = standing.summary()
        self._say(f"{told} {said}".strip())
        if standing.best_score is None:
            self._tell(f"Sweep {self._name} ended without a score. {told}".strip())
            raise PilothouseError(
                f"No trial has a score. {said} {told}".strip(), next="Look at the trials' logs."
            )
        best = f"trial {standing.best}, {self._metric} {standing.best_score:.6g}"
        self._say(f"Best: {best}. {honesty(self._spec.recipe)}")
        self._tell(f"Sweep {self._name} ended: best is {best}.")
        if stopped:
            return 143
        if self._plan.register:
            self._register()
        self._writer.progress(
            1.0, f"{said} Best {self._metric} {decimal(standing.best_score)} (trial {standing.best})."
        )
        return 0

    def _register(self) -> None:
        from pilothouse.registry.versions import version_of
        from pilothouse.training.launch import stop_run
        from pilothouse.training.sweeps.winner import train_winner
        from pilothouse.training.watching import wait_for_run

        self._writer.progress(None, "Fitting the winner on all training rows; the holdout judges it.")
        run_id = train_winner(self._workspace, self._run_dir.name)
        self._writer.set_tags({"winner": run_id})
        try:
            with self._bell.waiting():
                run = wait_for_run(self._workspace, run_id)
        except StopWaitingError:
            stop_run(self._workspace, run_id)
            raise PilothouseError("The winner's run was stopped with the sweep.") from None
        if run.status != "FINISHED":
            raise PilothouseError(
                f"The winner's run {run.name} ended {run.status}. {run.reason}".strip(),
                untouched="The trials and the best are kept.",
                next=f"Look at `pilothouse logs {run_id}`.",
            )
        if (made := version_of(self._store, run_id)) is not None:
            self._writer.set_tags({"version": str(made.version)})
        self._say(f"The winner's run is {run.name} ({run_id}).")

    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def _tell(self, message: str) -> None:
        from pilothouse.store import record

        with self._store.transaction() as tx:
            record(tx, "sweep", self._run_dir.name, message)

    def _say(self, text: str) -> None:
        print(f"{self._seconds():6.1f} s  {text}", flush=True)  # noqa: T201


def _words(params: dict[str, Any]) -> str:
    text = " ".join(f"{key}={value}" for key, value in params.items())
    return "".join(char if char.isprintable() else "�" for char in text)[:300]


def main() -> int:
    """Entry of the coordinator's process; an error that a person can read ends it with 1."""
    collect_seldom()
    bell = Bell()

    def stopped(number: int, frame: FrameType | None) -> None:
        bell.ring(STOPPED)

    def over(number: int, frame: FrameType | None) -> None:
        bell.ring(TIME_OVER)

    signal.signal(signal.SIGTERM, stopped)
    # The clock rings by `interrupt_main`, which is this signal on every system.
    signal.signal(signal.SIGINT, over)
    try:
        return Coordinator(Path(sys.argv[1]), bell).run()
    except (PilothouseError, OSError) as error:
        if os.environ.get("PILOTHOUSE_DEBUG"):
            raise
        print(f"error: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return 1


if __name__ == "__main__":
    sys.exit(main())
