"""What a server takes before it is one: the workspace's only place for it, and a port."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys
from collections.abc import Iterator

from pilothouse.errors import PilothouseError, UsageError
from pilothouse.processes import hold_alive
from pilothouse.registry.generation import alive_path, status_path
from pilothouse.serving.fate import tell_lost
from pilothouse.serving.status import server_status
from pilothouse.workspace import Workspace

HOST = "127.0.0.1"


@contextlib.contextmanager
def the_only_one(workspace: Workspace) -> Iterator[None]:
    """Hold the liveness lock.

    Raises:
        PilothouseError: a living server of this workspace has it.
    """
    lock = hold_alive(alive_path(workspace))
    if lock is None:
        other = server_status(workspace)
        where = f" at {other.url} (process {other.pid})" if other else ""
        raise PilothouseError(
            f"A server of this workspace runs already{where}.",
            untouched="It goes on.",
            next="It follows every promote and rollback by itself. Stop it with `pilothouse serve --stop`.",
        )
    with lock:
        tell_lost(workspace)
        status_path(workspace).unlink(missing_ok=True)
        try:
            yield
        except BaseException:
            # It says itself why it ends, so it is not lost.
            status_path(workspace).unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def bound(port: int) -> Iterator[socket.socket]:
    """Listen on this machine only; port 0 takes any free one.

    Raises:
        PilothouseError: the port is in use or not allowed.
    """
    if not 0 <= port <= 65535:
        raise UsageError(f"{port} is no port.", next="Give one from 1 to 65535, or 0 for any free one.")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with listener:
        if sys.platform != "win32":
            # On Windows the same option would let two servers share a port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen(2048)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise PilothouseError(f"Port {port} cannot be used: {error.strerror}.") from error
            why = (
                "is in use by another program" if error.errno == errno.EADDRINUSE else "is not allowed to you"
            )
            raise PilothouseError(
                f"Port {port} {why}.",
                untouched="Nothing was started.",
                next="Choose another with --port, or --port 0 for any free one; or change serving.port.",
            ) from error
        listener.setblocking(False)
        yield listener
