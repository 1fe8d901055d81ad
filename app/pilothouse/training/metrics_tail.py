"""A script's metrics file while the script runs: lines are added to it, or one document is written anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pilothouse.training.lines import MetricsFile, Point

LARGEST = 64 * 1024 * 1024
PIECE = 1024 * 1024
"""So much is read at one look: whoever looks has other things to hear, and lines may be of ten bytes."""
WINDOW = 1024 * 1024
"""So much of what was read is compared, to tell a file that grew from one that was written anew."""


class MetricsTail:
    """What is new in a metrics file since the last look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._seen = b""
        self._reader = MetricsFile()
        self._looked_at: tuple[int, int, int] | None = None
        self._behind = False

    def read(self) -> list[Point]:
        """Metrics of lines that were added, and of a document that has been replaced since.

        Of much that is new only a piece is read; the next look goes on. How often a document is replaced
        between two looks nobody knows: its last state is sure to be seen in the end.
        """
        self._behind = False
        try:
            stat = self._path.stat()
            look = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            if look == self._looked_at:
                return []
            with self._path.open("rb") as file:
                start = self._offset - len(self._seen)
                file.seek(start)
                data = file.read(max(0, min(len(self._seen) + PIECE, LARGEST - start)))
        except OSError:
            return []
        points: list[Point] = []
        if not data.startswith(self._seen):
            points = self._reader.finish()
            self._offset, self._seen, self._reader = 0, b"", MetricsFile()
            if start:
                self._looked_at = None
                return points + self.read()
        new = data[len(self._seen) :]
        self._offset += len(new)
        self._seen = (self._seen + new)[-WINDOW:]
        self._behind = self._offset < min(stat.st_size, LARGEST)
        self._looked_at = None if self._behind else look
        return points + self._reader.feed(new)

    def finish(self) -> Iterator[list[Point]]:
        """What is left once nobody writes to it, piece by piece: all of it at once would fill memory."""
        # A process that was left behind may go on to write it anew.
        for _ in range(2 * LARGEST // PIECE):
            yield self.read()
            if not self._behind:
                break
        yield self._reader.finish()

    def complaint(self) -> str:
        """Say what of the file, as it stood at the end, was not read; nothing if all of it was."""
        words = [self._reader.complaint()]
        if self._offset >= LARGEST and self._looked_at and self._looked_at[1] > LARGEST:
            words.append(f"What follows the first {LARGEST // 2**20} MB of the metrics file was not read.")
        return " | ".join(part for part in words if part)
