"""Commands that bring out what a run left: artifacts, metrics."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pilothouse.cli.options import emit, json_option, number, printable, say, table, workspace_option
from pilothouse.errors import NotFoundError, PilothouseError, UsageError
from pilothouse.workspace import Workspace

if TYPE_CHECKING:
    from pilothouse.tracking.points import Point
    from pilothouse.tracking.runs import Run

MOST_JSON = 1_000_000
"""Bytes of a text that `--json` carries."""


@click.command()
@click.argument("run")
@click.argument("path", default="")
@click.option("--save", metavar="DEST", help="Copy it to DEST; nothing is replaced.")
@workspace_option
@json_option
def artifacts(run: str, path: str, save: str | None, workspace: Workspace, as_json: bool) -> None:
    """List the artifacts of a RUN; with a PATH, print that file or list that folder.

    Into a pipe or file it is printed byte for byte; on a terminal, only as text that does nothing.
    """
    from pilothouse.store import open_store
    from pilothouse.tracking.artifacts import artifacts_dir, find_artifact, list_artifacts, save_artifact
    from pilothouse.tracking.runs import get_run

    found = get_run(open_store(workspace), run)
    folder = artifacts_dir(workspace, found.run_id)
    place = find_artifact(folder, path) if path else folder
    if save is not None:
        if not path and not folder.is_dir():
            raise NotFoundError(f"{found.name} has no artifacts.")
        target, count, size = save_artifact(place, Path(save))
        data = {"saved": str(target), "files": count, "bytes": size}
        emit(data, as_json, lambda: say(f"Saved {count} files, {size:,} bytes: {target}"))
        return
    if place.is_file():
        _print_file(place, path, as_json)
        return
    listing = list_artifacts(place)
    prefix = f"{path.strip('/')}/" if path else ""
    rows = [(f"{prefix}{file.path}", file) for file in listing.files]

    def show_table() -> None:
        if not rows:
            say(f"{found.name} has no artifacts{' there' if path else ''}.")
            return
        for name, file in rows:
            # Not cut: the name is what the next command is given.
            click.echo(f"{file.bytes:>14,}  {printable(name)}")

    emit(
        [
            {"path": utf8(name), "bytes": file.bytes, "modified_at": file.modified_at.isoformat()}
            for name, file in rows
        ],
        as_json,
        show_table,
    )
    if listing.links and not as_json:
        say(f"{listing.links} links are not followed.")
    if listing.more and not as_json:
        say(f"There are more than {len(rows):,} files; these are the first.")


def utf8(name: str) -> str:
    """A name whose bytes are no UTF-8 has each of those written as \\udcNN."""
    return name.encode("utf-8", "backslashreplace").decode()


def _print_file(place: Path, name: str, as_json: bool) -> None:
    from pilothouse.tracking.artifacts import read_bytes
    from pilothouse.tracking.kinds import HEAD, image_size, kind_of

    size = place.lstat().st_size
    kind, word = kind_of(name, read_bytes(place, HEAD))
    shown = kind in ("text", "json", "svg") or (kind == "table" and word != "Parquet")
    if as_json:
        about: dict[str, Any] = {"path": utf8(name), "bytes": size, "kind": kind, "is": word}
        if kind == "image":
            about["pixels"] = image_size(lambda most, start: read_bytes(place, most, start))
        if shown:
            about["text"] = read_bytes(place, MOST_JSON).decode("utf-8", "replace")
            about["cut"] = size > MOST_JSON
        emit(about, True, lambda: None)
    elif sys.stdout.isatty():
        if not shown and kind != "empty":
            raise PilothouseError(
                f"{printable(name, 200)} is no text ({word}, {size:,} bytes).",
                next="Copy it out with --save DEST, or send it into a file with > FILE.",
            )
        with place.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                click.echo(printable(line.rstrip("\n")))
    else:
        start = 0
        while part := read_bytes(place, 1 << 20, start):
            click.echo(part, nl=False)
            start += len(part)


@click.command()
@click.argument("run")
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option("--csv", "as_csv", is_flag=True, help="Print every point as CSV.")
@click.option(
    "--smooth",
    "weight",
    type=click.FloatRange(0, 0.99),
    default=0.0,
    help="Add the moving average with this weight of what came before, 0 to 0.99.",
)
@workspace_option
@json_option
def metrics(
    run: str, keys: tuple[str, ...], as_csv: bool, weight: float, workspace: Workspace, as_json: bool
) -> None:
    """Show the metrics of a RUN: last, smallest and largest value, and at which steps.

    With KEYs, every point of those. --json and --csv give every point of all or of those.
    """
    from pilothouse.store import open_store
    from pilothouse.tracking.curves import read_extremes
    from pilothouse.tracking.runs import get_run, metric_history

    if as_csv and as_json:
        raise UsageError("--csv and --json at once.", next="Choose one of them.")
    store = open_store(workspace)
    found = get_run(store, run)
    for key in keys:
        _known(key, found)
    if not (keys or as_csv or as_json):
        _show_summaries(found, read_extremes(store, found.run_id))
        return
    history = metric_history(store, found.run_id, keys)
    rows = {key: _rows(found, points, weight) for key, points in history.items()}
    if as_csv:
        _print_csv(rows, weight)
        return

    def show_table() -> None:
        headers = ["step", "seconds", "value", *(["smoothed"] if weight else [])]
        for key, points in rows.items():
            click.echo(printable(key))
            table(
                headers,
                [
                    [
                        f"{point['step']:,}",
                        *(number(point[name]) for name in headers[1:]),
                    ]
                    for point in points
                ],
                right=range(len(headers)),
            )

    emit(rows, as_json, show_table)


def _known(key: str, run: Run) -> None:
    if key in run.summaries:
        return
    import difflib

    near = difflib.get_close_matches(key, run.summaries, n=1)
    some = ", ".join(sorted(run.summaries)[:12]) or "none"
    raise NotFoundError(
        f"{run.name} has no metric {key[:80]!r}.",
        next=f"Did you mean {near[0]!r}?" if near else f"It has: {some}.",
    )


def _rows(run: Run, points: list[Point], weight: float) -> list[dict[str, Any]]:
    from pilothouse.tracking.smoothing import smooth

    rows: list[dict[str, Any]] = [
        {"step": p.step, "seconds": (p.at - run.started_at).total_seconds(), "value": p.value} for p in points
    ]
    if weight:
        for row, value in zip(rows, smooth([p.value for p in points], weight), strict=True):
            row["smoothed"] = value
    return rows


def _print_csv(rows: dict[str, list[dict[str, Any]]], weight: float) -> None:
    import csv

    from pilothouse.tracking.spreadsheets import no_formula

    names = ["step", "seconds", "value", *(["smoothed"] if weight else [])]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["metric", *names])
    for key, points in rows.items():
        writer.writerows([no_formula(key), *(point[name] for name in names)] for point in points)


def _show_summaries(run: Run, extremes: dict[str, Any]) -> None:
    from pilothouse.tracking.directions import lower_is_better

    if not run.summaries:
        say(f"{run.name} has logged no metrics.")
        return
    rows: list[tuple[object, ...]] = []
    for key, item in run.summaries.items():
        ends = extremes.get(key)
        lower = lower_is_better(key)
        best = None if ends is None else ends.min_step if lower else ends.max_step
        rows.append(
            (
                key,
                number(item.last),
                number(ends.min) if ends else "–",
                number(ends.max) if ends else "–",
                "lower" if lower else "higher",
                f"{best:,}" if best is not None else "–",
                f"{item.count:,}",
            )
        )
    table(["metric", "last", "min", "max", "better", "best at step", "points"], rows, right=(1, 2, 3, 5, 6))


COMMANDS = (artifacts, metrics)
