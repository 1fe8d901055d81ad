"""One model's whole life, without a terminal: every step is really done, and checked before the next."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pilothouse.autopilot.status import start_watcher
from pilothouse.comparing.facts import compare_runs
from pilothouse.demo.load import Load, ask
from pilothouse.demo.processes import stop_everything, stop_training
from pilothouse.demo.workspace import deliver, make_demo, waiting_files
from pilothouse.errors import PilothouseError
from pilothouse.monitoring.story import headline
from pilothouse.monitoring.verdict_words import of_data
from pilothouse.monitoring.verdicts import StoredReport, list_drift_reports
from pilothouse.processes import own_command
from pilothouse.registry.deployments import promote, rollback
from pilothouse.registry.versions import ModelVersion, get_version
from pilothouse.serving.control import start_server
from pilothouse.serving.predictions import read_predictions
from pilothouse.store import list_events, open_store, verify_events
from pilothouse.training.launch import start_training
from pilothouse.training.watching import wait_for_run
from pilothouse.workspace import Workspace

Tell = Callable[[str], None]
_TRAINING_PATIENCE = 600.0
_JUDGING_PATIENCE = 60.0
_UNDER_LOAD = 150
"""Answers that a version must have given under load before the next step."""


class StepFailedError(PilothouseError):
    """A step of the story did not happen as it should."""


def tell_story(root: Path, tell: Tell) -> None:
    """Make a fresh demo in `root` and live through the whole story, telling each step with its figures.

    Raises:
        StepFailedError: a step did not happen; the ones before it did.
        PilothouseError: something in the way, such as a folder that is no demo.
    """
    began = time.monotonic()
    story = _Story(root, tell)
    try:
        for number, (title, step) in enumerate(story.steps(), 1):
            tell(f"\n{number}. {title}")
            step()
    finally:
        story.close()
    tell(f"\nThe story is told: {len(story.steps())} steps in {time.monotonic() - began:.0f} s.")
    tell(f"Look around in what it left: {own_command('--workspace', str(root))}")


def _expect(truth: bool, what: str) -> None:
    if not truth:
        raise StepFailedError(f"This step did not happen as it should: {what}.")


class _Story:
    """The steps in order, and what one leaves for the next."""

    def __init__(self, root: Path, tell: Tell) -> None:
        self._root = root
        self._tell = tell
        self._workspace: Workspace | None = None
        self._port = 0
        self._row: dict[str, Any] = {}
        self._first_answer: dict[str, Any] = {}

    def steps(self) -> list[tuple[str, Callable[[], None]]]:
        """Return each step's title and what does it."""
        return [
            ("A fresh workspace on the flights of January to August 2013", self._open),
            ("Train two recipes, each in a process of its own", self._train_two),
            ("Compare them: what differs?", self._compare),
            ("Promote the better one through its gates, and serve it over HTTP", self._promote_and_serve),
            ("Watch the data folder while September to December land", self._watch),
            ("Retrain on all twelve months", self._retrain),
            ("Promote the retrained version under load", self._promote_under_load),
            ("Roll back under load", self._roll_back),
            ("Look at the trail that all this left", self._audit),
        ]

    def close(self) -> None:
        """Leave no process behind."""
        if self._workspace is not None:
            # The watcher first: it may start a training.
            stop_everything(self._workspace)
            stop_training(self._workspace)

    @property
    def _here(self) -> Workspace:
        assert self._workspace is not None
        return self._workspace

    def _open(self) -> None:
        self._workspace = make_demo(self._root, lambda text: self._tell(f"   {text}"))
        files = sorted(self._here.data_folder(self._here.config().model()).iterdir())
        self._tell(f"   {self._here.root}: {len(files)} files, {len(waiting_files(self._here))} more to come")
        self._tell("   Question: will a flight arrive more than 15 minutes late?")

    def _train(self, recipe: str) -> ModelVersion:
        run_id = start_training(self._here, recipe=recipe)
        run = wait_for_run(self._here, run_id, _TRAINING_PATIENCE)
        _expect(run.status == "FINISHED", f"run {run.name} is {run.status}: {run.reason}")
        version = get_version(open_store(self._here), run.tags["version"])
        metrics = run.metrics
        self._tell(
            f"   v{version.version}  {recipe:<23} ROC AUC {metrics['roc_auc']:.4f}"
            f"  log loss {metrics['log_loss']:.4f}  Brier {metrics['brier']:.4f}"
            f"  F1 {metrics['f1']:.3f} at {metrics['threshold']:.2f}  in {run.seconds:.1f} s"
        )
        return version

    def _train_two(self) -> None:
        self._versions = [self._train("logistic"), self._train("hist_gradient_boosting")]
        _expect(self._versions[1].metrics["roc_auc"] > 0.6, "the better version is hardly better than chance")

    def _compare(self) -> None:
        comparison = compare_runs(open_store(self._here), [version.run_id for version in self._versions])
        for row in comparison.only_differences():
            if row.section == "metrics" and row.key in ("roc_auc", "log_loss", "brier", "p99_ms"):
                one, two = row.values
                self._tell(f"   {row.key:<9} {one:9.4f} {two:9.4f}   {row.deltas[1]:+.4f}")
        differing = len(comparison.only_differences())
        self._tell(f"   {differing} of {len(comparison.rows)} facts differ")
        _expect(differing > 0, "two recipes do not differ")

    def _promote_and_serve(self) -> None:
        store = open_store(self._here)
        deployment = promote(self._here, store, str(self._versions[1].version), reason="the better ROC AUC")
        for gate in deployment.gates:
            self._tell(f"   gate {gate['rule']}: {gate['why']}")
        began = time.monotonic()
        status = start_server(self._here)
        assert status is not None
        self._port = status.port
        self._tell(f"   {status.url} answers, {time.monotonic() - began:.1f} s after the command")
        self._row = self._flight()
        version, self._first_answer = self._ask()
        _expect(version == str(self._versions[1].version), f"v{version} answered")
        self._tell(
            f"   flight {self._row['origin']} to {self._row['dest']}: {self._words(self._first_answer)}"
        )

    def _flight(self) -> dict[str, Any]:
        """Return a flight of December as a client would send it, who cannot know whether it is late."""
        from pilothouse.data.engine import connect
        from pilothouse.data.reading import scan_sql
        from pilothouse.serving.control import input_signature

        names = input_signature(self._here).names
        with connect() as con:
            cursor = con.execute(
                f"SELECT * FROM {scan_sql(waiting_files(self._here)[-1])} LIMIT 1 OFFSET 3000"
            )
            columns = [column[0] for column in cursor.description or ()]
            row = dict(zip(columns, cursor.fetchall()[0], strict=True))
        return {name: row[name] for name in names}

    def _ask(self) -> tuple[str, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            return ask(connection, [self._row])
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise StepFailedError(f"The server did not answer one row: {error}") from error
        finally:
            connection.close()

    @staticmethod
    def _words(answer: dict[str, Any]) -> str:
        return f"late with probability {answer['probabilities'][0]:.3f}"

    def _watch(self) -> None:
        start_watcher(self._here)
        store = open_store(self._here)
        self._tell("   Named are the columns that moved most: by a PSI of 0.10 or more, and above noise")
        while waiting_files(self._here):
            landed = deliver(self._here)
            began = time.monotonic()
            report = self._verdict_on(landed.name)
            verdict = report.report
            self._tell(
                f"   {landed.stem[-7:]}  {' '.join(of_data(verdict)):<12}"
                f"  {len(verdict.drifted)} of {len(verdict.columns)} columns moved"
                f" ({report.share_drifted:.0%}; {verdict.share:.0%} is the limit): {headline(verdict, 4)}"
                f"  [{time.monotonic() - began:.1f} s]"
            )
        verdicts = {report.subject: report.dataset_drift for report in list_drift_reports(store)}
        _expect(verdicts.get("flights-2013-12.parquet") is True, "December was not found to have drifted")
        _expect(verdicts.get("flights-2013-10.parquet") is False, "October was said to have drifted")

    def _verdict_on(self, name: str) -> StoredReport:
        deadline = time.monotonic() + _JUDGING_PATIENCE
        while time.monotonic() < deadline:
            for report in list_drift_reports(open_store(self._here)):
                if report.subject == name:
                    return report
            time.sleep(0.05)
        raise StepFailedError(f"The watcher did not judge {name} within {_JUDGING_PATIENCE:.0f} s.")

    def _retrain(self) -> None:
        self._versions.append(self._train("hist_gradient_boosting"))

    @contextmanager
    def _load(self) -> Iterator[Load]:
        with Load(self._port, [self._row]) as load:
            yield load
        traffic = load.traffic
        share = ", ".join(f"v{version} {count:,}" for version, count in sorted(traffic.answered.items()))
        total = sum(traffic.answered.values())
        self._tell(
            f"   {total:,} requests answered ({share}), {len(traffic.failed)} failed,"
            f" p50 {traffic.quantile_ms(0.5):.1f} ms, p99 {traffic.quantile_ms(0.99):.1f} ms"
        )
        _expect(not traffic.failed, f"requests failed, the first with {traffic.failed[:1]}")

    def _wait_for(self, load: Load, version: int) -> None:
        deadline = time.monotonic() + 60
        while load.answered_by(str(version)) < _UNDER_LOAD:
            _expect(
                time.monotonic() < deadline, f"v{version} did not answer {_UNDER_LOAD} requests in a minute"
            )
            time.sleep(0.01)

    def _promote_under_load(self) -> None:
        old, new = self._versions[1].version, self._versions[2].version
        with self._load() as load:
            self._wait_for(load, old)
            deployment = promote(
                self._here, open_store(self._here), str(new), reason="retrained on twelve months"
            )
            self._wait_for(load, new)
        for gate in deployment.gates:
            self._tell(f"   gate {gate['rule']}: {gate['why']}")
        version, answer = self._ask()
        _expect(version == str(new), f"v{version} answers instead of v{new}")
        _expect(answer != self._first_answer, "the retrained version answers exactly as the old one")
        self._tell(f"   the same flight, by v{version}: {self._words(answer)}")

    def _roll_back(self) -> None:
        old, new = self._versions[1].version, self._versions[2].version
        with self._load() as load:
            self._wait_for(load, new)
            deployment = rollback(self._here, open_store(self._here), reason="to show that it can be undone")
            committed = time.monotonic()
            self._wait_for(load, old)
        _expect(deployment.to_version == old, f"v{deployment.to_version} is live instead of v{old}")
        late = 1000 * (load.traffic.last_of[str(new)] - committed)
        self._tell(f"   last answer of v{new} {max(0.0, late):.0f} ms after the rollback was committed")
        version, answer = self._ask()
        _expect(version == str(old), f"v{version} answers instead of v{old}")
        _expect(answer == self._first_answer, "the answer did not change back")
        self._tell(f"   the same flight, by v{version} again: {self._words(answer)}, as before")

    def _audit(self) -> None:
        store = open_store(self._here)
        broken = verify_events(store)
        _expect(broken is None, f"the audit trail is broken at event {broken}")
        logged = len(read_predictions(self._here, limit=1_000_000))
        self._tell(
            f"   {len(list_events(store, 10_000))} events, the chain is intact; {logged:,} predictions logged"
        )
        for event in reversed(list_events(store, 10_000)):
            if event.kind in ("promote", "rollback"):
                self._tell(f"   {event.at:%H:%M:%S}  {event.kind:<9} {event.message}")
