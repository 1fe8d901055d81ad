"""Where runs come from or go to, and what was moved, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Label

from pilothouse.tui.dialogs.base import Ask, Dialog
from pilothouse.tui.text import fit, line, safe, size
from pilothouse.tui.widgets.choice import Choice
from pilothouse.tui.widgets.line_input import LineInput
from pilothouse.tui.widgets.panel import Words

ENDINGS = {"CSV": "runs.csv", "JSON": "runs.json", "Parquet": "runs.parquet", "MLflow store": "mlflow-runs"}
_FORMATS = {"CSV": "csv", "JSON": "json", "Parquet": "parquet", "MLflow store": "mlflow"}
_SHOWN = 8


def whole(path: str) -> str:
    """Return a path as it was typed, from where the terminal was opened, with ``~`` spelt out."""
    return str(Path(path.strip()).expanduser().absolute())


class AskPath(Ask):
    """One path."""

    def answer(self) -> str | None:  # type: ignore[override]
        """The path; the dialog stays while there is none."""
        text = self.query_one("#ask", LineInput).value.strip()
        if not text:
            self.refuse(line("Which path?"))
            return None
        try:
            return whole(text)
        except (RuntimeError, ValueError, OSError) as error:
            self.refuse(line(f"{error}."))
            return None


class ImportDialog(AskPath):
    """An MLflow store to take over."""

    def __init__(self) -> None:
        words = line(
            "Takes over the runs of an MLflow store, with their history and artifacts.", "\n",
            "Runs that are here already are left alone; nothing there is changed.", "\n",
        )  # fmt: skip
        super().__init__(
            "Import from MLflow", words, "Import", "", "a SQLite file (mlflow.db) or a folder mlruns"
        )


class BackupDialog(AskPath):
    """The file for a backup."""

    def __init__(self, root: Path, now: datetime) -> None:
        words = line(
            "The whole workspace in one file; .gz packs it. Runs, server and watcher may go on.", "\n"
        )
        path = str(root.parent / f"{root.name}-{now:%Y-%m-%d}.tar.gz")
        super().__init__("Back up", words, "Back up", path, "a file")


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What to write, and where to."""

    format: str
    path: str


class ExportDialog(Dialog[ExportOrder]):
    """The format and the file."""

    ENTER_IS_ENOUGH = True

    def __init__(self, search: str) -> None:
        super().__init__("Export runs", "Export")
        self._search = search

    def body(self) -> Iterable[Widget]:
        """The fields."""
        words = Words(id="dialog-words")
        what = safe(self._search, 200) if self._search.strip() else "all of them: no filter is set"
        words.show(line(("runs       ", "$dim"), what, "\n"))
        formats = tuple(ENDINGS)
        return (
            words,
            Horizontal(
                Label("as", classes="label"), Choice(formats, formats[0], id="format"), classes="field"
            ),
            Horizontal(
                Label("to", classes="label"), LineInput(ENDINGS[formats[0]], id="path"), classes="field"
            ),
        )

    @on(Choice.Changed)
    def _format_changed(self, event: Choice.Changed) -> None:
        path = self.query_one("#path", LineInput)
        if path.value in ENDINGS.values():
            path.value = ENDINGS[event.value]

    @on(LineInput.Changed)
    def _path_changed(self, event: LineInput.Changed) -> None:
        """The file's ending says the format."""
        ending = Path(event.value.strip()).suffix.lower()
        fitting = next((name for name, file in ENDINGS.items() if ending and Path(file).suffix == ending), "")
        if fitting:
            self.query_one("#format", Choice).choose(fitting)

    def answer(self) -> ExportOrder | None:
        """The order; the dialog stays while there is no path."""
        text = self.query_one("#path", LineInput).value.strip()
        if not text:
            self.refuse(line("Where to?"))
            return None
        try:
            return ExportOrder(_FORMATS[self.query_one("#format", Choice).value], whole(text))
        except (RuntimeError, ValueError, OSError) as error:
            self.refuse(line(f"{error}."))
            return None


def imported(report: Any) -> str:
    """What an import did."""
    said = [f"Imported {report['imported']:,} runs from {safe(report['source'], 80)}"]
    for key, words in (
        ("renewed", "taken over anew"),
        ("filled", "given their artifacts now"),
        ("known", "here already"),
        ("deleted", "deleted there"),
    ):
        if report.get(key):
            said.append(f"{report[key]:,} {words}")
    for key, words in (("unreadable", "could not be read"), ("without_artifacts", "without their artifacts")):
        if report.get(key):
            said.append(f"{len(report[key]):,} {words}")
    return ", ".join(said) + "."


def exported(report: Any) -> str:
    """What an export wrote."""
    said = f"Exported {report['runs']:,} runs to {safe(report['dest'], 120)}."
    return f"{said} MLflow reads it at {safe(report['uri'], 120)}." if report.get("uri") else said


def backed_up(report: Any) -> str:
    """What a backup holds."""
    said = f"Backed up to {safe(report['path'], 120)}: {report['files']:,} files, {size(report['bytes'])}."
    if not (changed := report["changed"]):
        return said
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    return f"{said} Rewritten meanwhile, perhaps not whole in it: {safe(changed[0], 80)}{more}."


def cleaned(answer: Any) -> str:
    """What was removed."""
    return f"Removed {len(answer['leftovers']):,} of them, {size(answer['bytes'])}."


def leftover_words(leftovers: list[dict[str, Any]]) -> Content:
    """List what nothing needs, the largest first, and what removing it frees."""
    largest = sorted(leftovers, key=lambda one: -int(one["bytes"]))
    freed = size(sum(int(one["bytes"]) for one in leftovers))
    count = "1 leftover" if len(leftovers) == 1 else f"{len(leftovers):,} leftovers"
    parts: list[str | tuple[str, str]] = [(f"{count}, {freed}", "bold"), "\n\n"]
    for one in largest[:_SHOWN]:
        parts += [
            fit(size(int(one["bytes"])), 8, "right") + "  " + fit(safe(one["kind"]), 11),
            (" " + safe(one["why"], 80), "$dim"),
            "\n",
        ]
    if len(largest) > _SHOWN:
        parts += [(f"          and {len(largest) - _SHOWN:,} more: `pilothouse gc` lists them", "$dim"), "\n"]
    parts += [
        "\n",
        ("Removing them cannot be undone. No run, dataset or model version names them.", "$warning"),
    ]
    return line(*parts)
