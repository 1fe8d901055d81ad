"""What is told of lines that were not read."""

from __future__ import annotations

LONGEST_EXAMPLE = 120  # characters of a line


def tell_unread(count: int, where: str, one: str, many: str, example: str) -> str:
    """Say how many lines were not read, and show the first of them; nothing if there are none.

    Args:
        count: how many.
        where: what stands behind "line", with a blank before it.
        one: why, of one line.
        many: why, of several.
        example: the first of them.
    """
    if not count:
        return ""
    lines = f"1 line{where} {one} and was" if count == 1 else f"{count:,} lines{where} {many} and were"
    return f"{lines} not read, such as: {example.strip()[:LONGEST_EXAMPLE].rstrip()}"
