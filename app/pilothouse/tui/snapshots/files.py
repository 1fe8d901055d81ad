"""Looking at one file, whatever it holds: as text, JSON, a table, a picture, or its first bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pilothouse.tui.text import number, plain, safe, size

if TYPE_CHECKING:
    from pilothouse.tui.widgets.picture import Pixels
    from pilothouse.workspace import Workspace

MOST_TEXT = 1_000_000
"""Bytes of a text that are shown."""
MOST_LINES = 20_000
MOST_TABLE = 200
"""Rows of a table that are shown."""
MOST_PICTURE = 50_000_000
"""Bytes, and pixels, of a picture that is drawn."""
WIDEST = 2_000
HEX_BYTES = 512


@dataclass(frozen=True, slots=True)
class FileLook:
    """What is shown of a file.

    Attributes:
        name: of the file.
        about: what it is, and how large.
        said: what is not shown, or went wrong; empty if all is well.
        lines: text, each line with a tone.
        folds: whether the lines are indented so that they can be folded.
        columns, rows: of a table, if it is one.
        pixels: of a picture.
    """

    name: str
    about: str
    said: str = ""
    lines: tuple[tuple[str, str], ...] = ()
    folds: bool = False
    columns: tuple[tuple[str, bool], ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    pixels: Pixels = ()


def look_at_artifact(workspace: Workspace, run_id: str, name: str, cells: tuple[int, int]) -> FileLook:
    """Look at one artifact of a run; ``cells`` is the room for a picture, in columns and rows.

    Raises:
        PilothouseError: the name leads out of the run's folder, or there is no such file.
    """
    from pilothouse.tracking.artifacts import artifacts_dir, find_artifact

    return look_at(find_artifact(artifacts_dir(workspace, run_id), name), name, cells)


def look_at(path: Path, name: str, cells: tuple[int, int] = (80, 24)) -> FileLook:
    """Look at a plain file.

    Raises:
        OSError: it cannot be read.
    """
    from pilothouse.tracking.artifacts import read_bytes
    from pilothouse.tracking.kinds import HEAD, kind_of

    head = read_bytes(path, HEAD)
    kind, word = kind_of(name, head)
    about = f"{word}  {size(path.lstat().st_size)}"
    if kind == "empty":
        return FileLook(name, "empty", "There is nothing in it.")
    if kind == "table":
        return _table(path, name, about, head)
    if kind == "image":
        return _image(path, name, word, cells)
    if kind == "binary":
        return FileLook(name, about, "Its first bytes; y copies its path, for another program.", _hex(head))
    text, said = _text(path)
    if kind == "json":
        return _json(name, about, text, said)
    if kind == "svg":
        said = "A drawing: y copies its path, and a browser shows it. Its text:"
    return FileLook(name, about, said, _lines(text, Path(name).suffix in (".diff", ".patch")))


def diff_tone(text: str) -> str:
    """The tone of a line of a patch; its sign says the same."""
    if text.startswith(("+++", "---", "diff ", "index ")):
        return "strong"
    return (
        "good"
        if text.startswith("+")
        else "bad"
        if text.startswith("-")
        else "accent"
        if text.startswith("@@")
        else ""
    )


def _text(path: Path) -> tuple[str, str]:
    from pilothouse.tracking.artifacts import read_bytes

    found = read_bytes(path, MOST_TEXT)
    whole = path.lstat().st_size
    said = (
        f"Too large to show whole: the first {size(len(found))} of {size(whole)}."
        if whole > len(found)
        else ""
    )
    return found.decode("utf-8", "replace"), said


def _lines(text: str, is_diff: bool = False) -> tuple[tuple[str, str], ...]:
    rows = [
        safe(plain(line).expandtabs(4), WIDEST) for line in text.removesuffix("\n").split("\n")[:MOST_LINES]
    ]
    return tuple((row, diff_tone(row) if is_diff else "") for row in rows)


def _json(name: str, about: str, text: str, said: str) -> FileLook:
    if said:  # half of a JSON text is none
        return FileLook(name, about, said, _lines(text))
    try:
        pretty = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError) as error:
        return FileLook(name, about, f"▲ It is not JSON: {safe(error, 120)}", _lines(text))
    return FileLook(name, about, "", _lines(pretty), folds=True)


def _table(path: Path, name: str, about: str, head: bytes) -> FileLook:
    from pilothouse.data.preview import preview
    from pilothouse.data.reading import DataError
    from pilothouse.tracking.kinds import is_text

    try:
        found = preview(path, name, MOST_TABLE)
    except DataError as error:
        said = f"▲ {safe(error.what, 300)}"
        if is_text(head):
            return FileLook(name, about, said, _lines(_text(path)[0]))
        return FileLook(name, about, said, _hex(head))
    rows = tuple(tuple("" if cell is None else safe(cell, 200) for cell in row) for row in found.rows)
    columns = tuple(
        (safe(title, 60), bool(rows) and all(_is_number(row[n]) for row in rows if row[n]))
        for n, title in enumerate(found.columns)
    )
    rows = tuple(
        tuple(
            number(float(cell)) if cell and columns[n][1] and "." in cell else cell
            for n, cell in enumerate(row)
        )
        for row in rows
    )
    of = f" of {found.total_rows:,}" if found.total_rows is not None else ""
    told = f"{about}  {len(rows):,}{of} rows" if of else f"{about}  the first {len(rows):,} rows"
    more = found.total_columns - len(columns)
    return FileLook(
        name, told, f"{more:,} more columns are not shown." if more else "", columns=columns, rows=rows
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _hex(head: bytes) -> tuple[tuple[str, str], ...]:
    rows = []
    for start in range(0, min(len(head), HEX_BYTES), 16):
        part = head[start : start + 16]
        shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in part)
        rows.append((f"{start:06x}  {part[:8].hex(' '):<23}  {part[8:].hex(' '):<23}  {shown}", "dim"))
    return tuple(rows)


def _image(path: Path, name: str, word: str, cells: tuple[int, int]) -> FileLook:
    from pilothouse.tracking.artifacts import read_bytes
    from pilothouse.tracking.kinds import image_size

    whole = path.lstat().st_size
    pixels = image_size(lambda most, start: read_bytes(path, most, start))
    told = f"{word}  {size(whole)}" + (f"  {pixels[0]:,} × {pixels[1]:,} pixels" if pixels else "")
    hint = "y copies its path, for another program."
    if pixels is None:
        return FileLook(
            name,
            told,
            f"▲ It says of itself that it is a {word}, and is broken. {hint}",
            _hex(read_bytes(path, HEX_BYTES)),
        )
    if whole > MOST_PICTURE or pixels[0] * pixels[1] > MOST_PICTURE:
        return FileLook(name, told, f"Too large to be drawn here. {hint}")
    try:
        drawn = _half_blocks(read_bytes(path, MOST_PICTURE), cells)
    except ImportError:
        return FileLook(
            name, told, f"To see it here: pip install 'pilothouse[images]' (it needs Pillow). {hint}"
        )
    except Exception as error:  # noqa: BLE001 - a broken picture may break a decoder in any way
        return FileLook(
            name, told, f"▲ It is broken: {safe(error, 120)}. {hint}", _hex(read_bytes(path, HEX_BYTES))
        )
    return FileLook(name, told, hint, pixels=drawn)


def _half_blocks(data: bytes, cells: tuple[int, int]) -> Pixels:
    """Decode the first picture and bring it to two pixels a cell, on a dark ground where one sees through."""
    import io

    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "GIF")) as opened:
        room = (max(1, cells[0]), max(2, cells[1] * 2))
        opened.draft("RGB", room)
        upright = ImageOps.exif_transpose(opened).convert("RGBA")
    # Larger than it is it would only be blurred, but a small icon of few pixels is hard to see.
    upright = ImageOps.contain(upright, room) if max(upright.size) > 64 or upright.size > room else upright
    ground = Image.new("RGBA", upright.size, (15, 20, 26, 255))
    ground.alpha_composite(upright)
    across, down = ground.size
    flat = ground.convert("RGB").tobytes()
    return tuple(
        tuple((flat[i], flat[i + 1], flat[i + 2]) for i in range(y * across * 3, (y + 1) * across * 3, 3))
        for y in range(down)
    )
