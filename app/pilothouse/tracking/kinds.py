"""What a file is, by its name and its first bytes; and how large an image is, by its header alone."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Literal

Kind = Literal["json", "table", "image", "svg", "text", "binary", "empty"]
HEAD = 4096
"""First bytes that tell what a file is."""

_TABLES = (".csv", ".csv.gz", ".tsv", ".parquet", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
_IMAGES = ((b"\x89PNG\r\n\x1a\n", "PNG"), (b"\xff\xd8\xff", "JPEG"), (b"GIF87a", "GIF"), (b"GIF89a", "GIF"))
_OTHERS = (
    (b"PK\x03\x04", "zip archive"),
    (b"\x1f\x8b", "gzip"),
    (b"PAR1", "Parquet"),
    (b"%PDF", "PDF"),
    (b"\x80\x04", "pickle"),
    (b"\x80\x05", "pickle"),
    (b"\x93NUMPY", "NumPy array"),
    (b"SQLite format 3", "SQLite"),
    (b"\x7fELF", "program"),
    (b"RIFF", "RIFF (WebP, WAV)"),
    (b"BZh", "bzip2"),
)


def kind_of(name: str, head: bytes) -> tuple[Kind, str]:
    """Return how a file is shown, and what it is in a word, from its name and its first `HEAD` bytes."""
    if not head:
        return "empty", "empty"
    for magic, word in _IMAGES:
        if head.startswith(magic):
            return "image", word
    low = PurePosixPath(name).name.lower()
    if low.endswith(_TABLES) and (is_text(head) or head.startswith((b"PAR1", b"\x1f\x8b"))):
        return "table", "Parquet" if head.startswith(b"PAR1") else "table"
    if is_text(head):
        start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:400].lower()
        if low.endswith(".svg") or start.startswith(b"<svg"):
            return "svg", "SVG drawing"
        return ("json", "JSON") if low.endswith(".json") else ("text", "text")
    return "binary", next((word for magic, word in _OTHERS if head.startswith(magic)), "binary")


def is_text(head: bytes) -> bool:
    """Tell whether the first bytes of a file are UTF-8 text; a character cut at the end does not count."""
    if b"\0" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return len(head) == HEAD and error.start >= len(head) - 3 and error.reason == "unexpected end of data"
    return True


def image_size(read: Callable[[int, int], bytes]) -> tuple[int, int] | None:
    """Return width and height in pixels of a PNG, JPEG or GIF, or None if its header does not say.

    Args:
        read: gives up to so many bytes (first argument) from an offset (second).
    """
    head = read(32, 0)
    try:
        if head.startswith(b"\x89PNG") and head[12:16] == b"IHDR":
            width, height = struct.unpack(">II", head[16:24])
            return (width, height) if width and height else None
        if head.startswith(b"GIF8"):
            width, height = struct.unpack("<HH", head[6:10])
            return (width, height) if width and height else None
        if head.startswith(b"\xff\xd8"):
            return _jpeg_size(read)
    except struct.error:
        return None
    return None


def _jpeg_size(read: Callable[[int, int], bytes]) -> tuple[int, int] | None:
    """Walk the segments to the frame header (ITU T.81, B.2.2)."""
    at = 2
    for _ in range(500):
        part = read(9, at)
        if len(part) < 4 or part[0] != 0xFF:
            return None
        marker = part[1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", part[5:9])
            return (width, height) if width and height else None
        if marker == 0xDA or marker == 0xD9:
            return None
        at += 2 if 0xD0 <= marker <= 0xD8 or marker == 0x01 else 2 + struct.unpack(">H", part[2:4])[0]
    return None
