"""Micro-batching: the rows of requests that wait together go through the pipeline in one call.

scikit-learn spends the same milliseconds on one row and on fifty, so nobody waits on purpose: while one batch
is computed in the only worker thread, the next one gathers.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from pilothouse.registry.model import Outputs
from pilothouse.registry.signature import Row
from pilothouse.serving.predictions import LogFullError, PredictionLog
from pilothouse.serving.swap import LiveModel, LiveModels

MOST_ROWS = 1024
MOST_WAITING = 10_000
PATIENCE = 0.5
"""Of the time a batch takes, spent at most on waiting for those who were just answered."""
MOST_PATIENCE = 0.005
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True, eq=False)
class Job:
    """The rows of one request, and the one model that answers them all: the one that validated them, or its
    successor if that takes the very same inputs.
    """

    live: LiveModel
    rows: list[Row]
    request_id: str
    arrived: float
    answer: asyncio.Future[Answer] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON body of a response."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Name the version that answered; none where no version had a part in it."""


class Batcher:
    """Gathers jobs and answers them. Use it from the event loop's thread.

    Clients that wait for their answer before they ask again would split into two groups that take turns, each
    with half a batch. So after a batch the next one starts when as many jobs wait as there were in both, or
    after a part of the time that a batch takes, whichever comes first.
    """

    def __init__(self, log: PredictionLog, models: LiveModels) -> None:
        self._log = log
        self._models = models
        self._waiting: deque[Job] = deque()
        self._busy = False
        self._expected = 0
        self._timer: asyncio.TimerHandle | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="predict")
        self._loop = asyncio.get_running_loop()

    def submit(
        self, live: LiveModel, rows: list[Row], request_id: str, arrived: float
    ) -> asyncio.Future[Answer]:
        """Queue the rows of a request; the future is its answer and never raises."""
        answer: asyncio.Future[Answer] = self._loop.create_future()
        if len(self._waiting) >= MOST_WAITING:
            answer.set_result(failure(503, f"{MOST_WAITING} requests are waiting already; try again later."))
            return answer
        self._waiting.append(Job(live, rows, request_id, arrived, answer))
        if not self._busy:
            self._busy = True
            # Requests that arrived together are read before the first batch of them starts.
            self._loop.call_soon(self._start)
        elif self._timer is not None and len(self._waiting) >= self._expected:
            self._start()
        return answer

    def close(self) -> None:
        """Wait for the batch in hand and close the log."""
        self._pool.shutdown(wait=True)
        self._log.close()

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._waiting:
            self._busy = False
            return
        self._hand_over()
        jobs = [self._waiting.popleft()]
        rows = len(jobs[0].rows)
        while self._waiting and self._waiting[0].live is jobs[0].live and rows < MOST_ROWS:
            jobs.append(self._waiting.popleft())
            rows += len(jobs[-1].rows)
        self._pool.submit(self._work, jobs)

    def _hand_over(self) -> None:
        """Give what waits for a version that is live no longer to the one that is: a rollback is quick."""
        current = self._models.current
        for job in self._waiting:
            if job.live is current:
                # Requests wait in the order of their arrival: all behind this one came after the change.
                return
            if job.live.loaded.signature == current.loaded.signature:
                job.live = current

    def _work(self, jobs: list[Job]) -> None:
        began = time.perf_counter()
        try:
            answers = answer_jobs(jobs, self._log)
        except Exception as error:  # noqa: BLE001
            # Whatever happens to a batch, everyone in it gets an answer and the next batch starts.
            answers = [failure(500, f"The prediction failed: {type(error).__name__}: {error}.")] * len(jobs)
        took = time.perf_counter() - began
        self._loop.call_soon_threadsafe(self._deliver, jobs, answers, took)

    def _deliver(self, jobs: list[Job], answers: list[Answer], took: float) -> None:
        for job, answer in zip(jobs, answers, strict=True):
            if not job.answer.done():
                job.answer.set_result(answer)
        self._expected = len(jobs) + len(self._waiting)
        patience = min(MOST_PATIENCE, PATIENCE * took)
        self._timer = self._loop.call_later(patience, self._start)


def answer_jobs(jobs: Sequence[Job], log: PredictionLog) -> list[Answer]:
    """Predict all rows of the jobs, which share one model, in one call; log them; answer each job."""
    live = jobs[0].live
    try:
        outputs = live.loaded.predict_rows([row for job in jobs for row in job.rows])
    except Exception as error:  # noqa: BLE001
        if len(jobs) > 1:
            # One request's rows may be what the pipeline chokes on; the others are not to suffer for it.
            return [answer_jobs([job], log)[0] for job in jobs]
        return [failure(500, f"The model failed on these rows: {type(error).__name__}: {str(error)[:300]}.")]
    parts: list[Outputs] = []
    start = 0
    for job in jobs:
        parts.append(outputs.part(start, start + len(job.rows)))
        start += len(job.rows)
    try:
        log.append(_lines(jobs, parts))
    except LogFullError as error:
        return [failure(503, str(error).replace("\n", " "))] * len(jobs)
    return [Answer(200, _encode(body_of(part, live.loaded.classes)), live.headers) for part in parts]


def failure(status: int, *problems: str) -> Answer:
    """Return an error as MLflow words it, with each problem apart besides."""
    code = {400: "BAD_REQUEST", 404: "NOT_FOUND", 500: "INTERNAL_ERROR", 503: "TEMPORARILY_UNAVAILABLE"}
    body = {"error_code": code.get(status, "BAD_REQUEST"), "message": " ".join(problems), "errors": problems}
    return Answer(status, _encode(body))


def body_of(part: Outputs, classes: Sequence[Any] | None) -> dict[str, Any]:
    """Return answers as they are sent: of three or more classes with their names, in their probabilities'
    order."""
    if part.probabilities is None:
        return {"predictions": part.predictions}
    body = {"predictions": part.predictions, "probabilities": part.probabilities}
    return {**body, "classes": classes} if classes is not None and len(classes) > 2 else body


def _lines(jobs: Sequence[Job], parts: Sequence[Outputs]) -> bytes:
    version = jobs[0].live.version
    names = jobs[0].live.loaded.signature.names
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    done = time.perf_counter()
    lines = []
    for job, part in zip(jobs, parts, strict=True):
        latency = round((done - job.arrived) * 1000, 3)
        for number, row in enumerate(job.rows):
            output = {"prediction": part.predictions[number]}
            if part.probabilities is not None:
                output["probability"] = part.probabilities[number]
            line: dict[str, Any] = {
                "id": job.request_id if len(job.rows) == 1 else f"{job.request_id}/{number}",
                "time": now,
                "model": version.model,
                "version": version.version,
                "features": dict(zip(names, row, strict=True)),
                "output": output,
                "latency_ms": latency,
            }
            if part.computed:
                line["computed"] = {name: values[number] for name, values in part.computed.items()}
            lines.append(_encode(line))
    lines.append(b"")
    return b"\n".join(lines)
