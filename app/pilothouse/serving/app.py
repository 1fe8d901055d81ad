"""The HTTP surface: MLflow's /invocations, /health, /ping, /version, /feedback, and control under /-/.

A plain ASGI application: every layer between the socket and the model would cost more than the model does.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import itertools
import os
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from pilothouse import __version__
from pilothouse.serving.batching import Answer, Batcher, failure
from pilothouse.serving.feedback import Feedback
from pilothouse.serving.requests import LeftOut, RequestError, header_of, read_rows
from pilothouse.serving.swap import LiveModels
from pilothouse.serving.traffic import Traffic

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_BYTES = 16 * 1024 * 1024
_LARGE = 128 * 1024
"""Bodies from this size on are read in a thread, so that small requests do not wait behind them."""

_LINGER_SECONDS = 10
"""How long a refused body is still read: a client that sends for longer finds the connection closed."""

_JSON = (b"content-type", b"application/json")
_OWN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_GET = ("/health", "/ping", "/version")
_encode = msgspec.json.Encoder().encode


class App:
    """The server's application; `reload` and `stop` are what the control paths ask for."""

    def __init__(
        self,
        models: LiveModels,
        batcher: Batcher,
        traffic: Traffic,
        *,
        token: str,
        reload: Callable[[], Awaitable[None]],
        stop: Callable[[], None],
        feedback: Feedback,
        body_bytes: int = BODY_BYTES,
    ) -> None:
        self._models = models
        self._batcher = batcher
        self._traffic = traffic
        self._token = token
        self._reload = reload
        self._stop = stop
        self._feedback = feedback
        self._body_bytes = body_bytes
        self._prefix = os.urandom(6).hex()
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1000})
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        asked = headers.get(b"x-request-id", b"")
        request_id = asked.decode() if _OWN_ID.fullmatch(asked) else f"{self._prefix}-{next(self._numbers)}"
        if scope["path"] == "/invocations" and scope["method"] == "POST":
            await self._invoke(headers, request_id, receive, send)
            return
        more: tuple[tuple[bytes, bytes], ...] = ((b"x-request-id", request_id.encode()),)
        unread = None
        if scope["path"] == "/feedback" and scope["method"] == "POST":
            try:
                body = await self._read(headers, receive)
            except RequestError as error:
                answer, unread = failure(error.status, *error.problems), receive
            else:
                if body is None:
                    return
                answer = await self._feedback.take(headers, body)
        else:
            answer = await self._other(scope["method"], scope["path"], headers)
        await _reply(send, answer, (*self._models.current.headers, *more), unread)

    async def _invoke(
        self, headers: dict[bytes, bytes], request_id: str, receive: Receive, send: Send
    ) -> None:
        arrived = time.perf_counter()
        live = self._models.current
        unread = None
        more: tuple[tuple[bytes, bytes], ...] = ((b"x-request-id", request_id.encode()),)
        try:
            body = await self._read(headers, receive)
            if body is None:
                return
            # The rows must fit this version; if it is replaced before their turn, the next one that takes the
            # very same inputs answers instead. Either way one version answers all of them.
            live = self._models.current
            left_out: LeftOut = {}
            content_type = headers.get(b"content-type", b"").decode("latin-1")
            if len(body) < _LARGE:
                rows = read_rows(content_type, body, live.loaded.signature, left_out)
            else:
                rows = await asyncio.to_thread(read_rows, content_type, body, live.loaded.signature, left_out)
            if left_out:
                more = (*more, header_of(left_out))
            answer = await self._batcher.submit(live, rows, request_id, arrived)
        except RequestError as error:
            answer = failure(error.status, *error.problems)
            if error.status == 413:
                unread = receive
        self._traffic.count(answer.status, time.perf_counter() - arrived)
        await _reply(send, answer, (*(answer.headers or live.headers), *more), unread)

    async def _read(self, headers: dict[bytes, bytes], receive: Receive) -> bytes | None:
        told = headers.get(b"content-length", b"0")
        if told.isdigit() and int(told) > self._body_bytes:
            raise self._too_large()
        message = await receive()
        if not message.get("more_body"):
            body: bytes = message.get("body", b"")
            if len(body) > self._body_bytes:
                raise self._too_large()
            return None if message["type"] == "http.disconnect" else body
        parts = [message["body"]]
        size = len(parts[0])
        while message.get("more_body"):
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._body_bytes:
                raise self._too_large()
        return b"".join(parts)

    def _too_large(self) -> RequestError:
        return RequestError(
            413, f"The body is larger than {self._body_bytes:,} bytes; send fewer rows at a time."
        )

    async def _other(self, method: str, path: str, headers: dict[bytes, bytes]) -> Answer:
        if path in _GET:
            if method not in ("GET", "HEAD"):
                return failure(405, f"{path} is read with GET.")
            version = self._models.current.version
            about: dict[str, Any] = {"model": version.model, "version": version.version}
            if path == "/version":
                return Answer(200, _encode({"pilothouse": __version__, **about}))
            return Answer(200, _encode({"status": "ok", **about}))
        if path == "/invocations":
            return failure(405, "/invocations is asked with POST.")
        if path == "/feedback":
            return failure(405, "/feedback is told with POST.")
        if path in ("/-/reload", "/-/stop"):
            given = headers.get(b"x-pilothouse-token", b"")
            if method != "POST" or not hmac.compare_digest(given, self._token.encode()):
                return failure(403, "Control paths need POST and the workspace's token.")
            if path == "/-/stop":
                self._stop()
            else:
                await self._reload()
            return Answer(202, b"{}")
        return failure(404, f"There is nothing at {path[:100]!r}; predictions are at POST /invocations.")


async def _reply(
    send: Send, answer: Answer, headers: tuple[tuple[bytes, bytes], ...], unread: Receive | None = None
) -> None:
    """Send the answer; `unread` is a body that was refused: it is read away before the connection closes.

    Closing with bytes unread resets the connection, and the answer is lost with it to a client that sends all
    before it listens (RFC 9112, section 9.6).
    """
    length = (b"content-length", str(len(answer.body)).encode())
    closing = () if unread is None else ((b"connection", b"close"),)
    start = {"type": "http.response.start", "status": answer.status}
    await send({**start, "headers": [_JSON, length, *headers, *closing]})
    await send({"type": "http.response.body", "body": answer.body, "more_body": unread is not None})
    if unread is not None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                while (await unread()).get("more_body"):
                    pass
        await send({"type": "http.response.body", "body": b""})
