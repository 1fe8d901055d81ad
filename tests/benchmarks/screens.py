"""The terminal UI over a pseudo-terminal, with very many runs: first paint, and from a key to the paint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .generate import fill, new_workspace
from .measure import HERE, PYTHON, Figures, Outcome, Setup, alternate
from .terminal import Terminal

RUNS = 100_000
MOST_TIMES_BLANK = 1.6
MOST_KEY_MS, MOST_TIMES_TABLE = 60.0, 1.5
BLANK = (PYTHON, HERE / "peers" / "blank_app.py")
TABLE = (PYTHON, HERE / "peers" / "table_app.py")


def _tui(root: Path) -> tuple[object, ...]:
    return (PYTHON, "-m", "pilothouse", "--workspace", root)


def _many_runs(setup: Setup) -> tuple[Path, int]:
    runs = setup.repeats(RUNS, RUNS // 10)
    workspace, store = new_workspace(setup.new_folder("screens"))
    fill(store, runs)
    return workspace.root, runs


def _paint(argv: tuple[object, ...], mark: str) -> float:
    with Terminal(argv) as terminal:
        return terminal.until(lambda words: mark in words if mark else bool(words.strip()))


def first_paint(setup: Setup) -> Iterator[Outcome]:
    """From the start of the process to the first visible character, and to the runs on the screen."""
    root, runs = _many_runs(setup)
    mine, blank = alternate(
        setup.repeats(9, 3), lambda: _paint(_tui(root), ""), lambda: _paint(BLANK, "MARKER")
    )
    ours, floor = Figures(tuple(mine), "s"), Figures(tuple(blank), "s")
    ratio = ours.median / floor.median
    yield Outcome(
        2, f"first paint, {runs:,} runs", f"{MOST_TIMES_BLANK} x blank", ours, "a blank Textual app", floor,
        ratio, ratio <= MOST_TIMES_BLANK,
    )  # fmt: skip
    shown = []
    for _ in range(setup.repeats(5, 2)):
        with Terminal(_tui(root)) as terminal:
            terminal.until(lambda words: bool(words.strip()))
            terminal.settle()
            shown.append(terminal.press_until("2", lambda words: f"{runs:,}" in words))
    yield Outcome(
        2, "  from key 2 to the first rows, cold", "", Figures(tuple(1000 * one for one in shown), "ms")
    )


def key_to_paint(setup: Setup) -> Iterator[Outcome]:
    """From a key to the first bytes of the answer, in turn with Textual's table; then to the last bytes."""
    root, runs = _many_runs(setup)
    rounds = setup.repeats(6, 1)
    moved: list[float] = []
    others: list[float] = []
    asked: list[float] = []
    settled: dict[str, list[float]] = {"sort": [], "filter": [], "jump": []}
    with Terminal(_tui(root)) as ours, Terminal(TABLE) as table:
        ours.until(lambda words: bool(words.strip()))
        ours.settle()
        ours.press_until("2", lambda words: f"{runs:,}" in words)
        table.until(lambda words: "299" in words or "0.9" in words)
        ours.settle(0.5)
        table.settle(0.5)
        for _ in range(rounds):
            for key in "jjjjjjjjjjkkkkkjjjjj":
                _take(ours, key, moved)
                _take(table, "\x1b[A" if key == "k" else "\x1b[B", others)
            for key in ("\x04", "\x04", "\x15", "G", "g"):
                _take(ours, key, moved, settled["jump"] if key in "Gg" else None)
            for key in ("s", "o", "s"):
                _take(ours, key, asked, settled["sort"])
            _take(ours, "/", asked)
            for key in "heron":
                _take(ours, key, asked, settled["filter"])
            _take(ours, "\x1b", asked, settled["filter"])
    move, other = Figures(tuple(moved), "ms"), Figures(tuple(others), "ms")
    every = Figures((*moved, *asked), "ms")
    yield _line(f"key to paint, {runs:,} runs: moving", move, other, None)
    yield _line("key to paint: moving, sorting, filtering; p95", _p95(every), _p95(other), MOST_KEY_MS)
    for name, values in settled.items():
        figures = Figures(tuple(values), "ms")
        yield Outcome(
            3,
            f"  until the last change of a {name}",
            "",
            figures,
            note=f"p95 {figures.quantile(0.95):.0f} ms",
        )


def _p95(figures: Figures) -> Figures:
    return Figures((figures.quantile(0.95),), figures.unit)


def _line(work: str, ours: Figures, theirs: Figures, most: float | None) -> Outcome:
    ratio = ours.median / theirs.median
    must = f"{MOST_TIMES_TABLE} x the table" + (f", {most:.0f} ms" if most else "")
    reached = ratio <= MOST_TIMES_TABLE and (most is None or ours.median <= most)
    return Outcome(3, work, must, ours, "Textual's table, 300 rows", theirs, ratio, reached)


def _take(terminal: Terminal, key: str, firsts: list[float], lasts: list[float] | None = None) -> None:
    taken = terminal.press(key, quiet=0.3 if lasts is not None else 0.12)
    if taken is None:
        return
    firsts.append(1000 * taken[0])
    if lasts is not None:
        lasts.append(1000 * taken[1])
