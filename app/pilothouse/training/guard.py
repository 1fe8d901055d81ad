"""Ends a process group when the process that should have ended it is gone, however it went."""

from __future__ import annotations

import contextlib
import subprocess

# The pipe it reads is closed by the system when its writer dies; until then a dismissal may come.
_SCRIPT = 'read group && { read dismissal || kill -s KILL -- "-$group"; }'


class Guard:
    """A small shell in a session of its own, which kills a group once this process is gone. POSIX only."""

    def __init__(self, group: int) -> None:
        """Set it on `group`. Where no shell can be started there is none, and the group may outlive us."""
        self._shell: subprocess.Popen[bytes] | None = None
        with contextlib.suppress(OSError):
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", _SCRIPT],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd="/",
                env={},
                start_new_session=True,
            )
            self._tell(f"{group}\n")

    def dismiss(self) -> None:
        """Send it away. To be done while the group's id is still its own: later it may be another's."""
        if self._shell is None:
            return
        self._tell("\n")
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        self._shell.wait()
        self._shell = None

    def _tell(self, text: str) -> None:
        assert self._shell is not None and self._shell.stdin is not None
        # Somebody may have killed it.
        with contextlib.suppress(BrokenPipeError):
            self._shell.stdin.write(text.encode())
