from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hostile import HOSTILE
from making_data import month, write_parquet
from pilothouse.data.inferring import infer_schema
from pilothouse.monitoring.drift import compare_profiles
from pilothouse.monitoring.filedrift import Wishes, compare_files, open_reference
from pilothouse.monitoring.histograms_svg import histograms, shown
from pilothouse.monitoring.profile import profile_files
from pilothouse.monitoring.report_html import Part, render_html, short_labels
from pilothouse.monitoring.reports import DriftReport

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
VOID = {"meta", "link", "br", "hr", "img"}


class _Read(HTMLParser):
    """Every tag is closed in its turn, and what the page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.references: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.references += [str(value) for name, value in attrs if name in ("src", "href", "action")]
        assert not any(name.startswith("on") for name, _ in attrs), attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _read(page: str) -> _Read:
    reader = _Read()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    assert reader.references == []
    assert not reader.tags & {"script", "link", "img", "iframe", "object", "form"}
    assert "http://" not in page.replace("http://www.w3.org", "") and "https://" not in page
    assert "@import" not in page and "url(" not in page
    return reader


def _report(
    folder: Path, before: dict[str, Any], now: dict[str, Any], wishes: Wishes | None = None
) -> DriftReport:
    wishes = wishes or Wishes()
    paths = [write_parquet(folder / f"{name}.parquet", rows) for name, rows in (("r", before), ("c", now))]
    return compare_files(open_reference(str(paths[0]), wishes), paths[1:], wishes)


def test_the_page_stands_alone_and_tells_words_first(tmp_path: Path) -> None:
    dice = np.random.default_rng(1)
    before = {"x": dice.normal(size=900), "k": list("abc") * 300, "y": dice.random(900) < 0.3}
    now = {"x": dice.normal(1, size=300), "k": list("abd") * 100, "y": dice.random(300) < 0.3}
    now["x"][:30] = np.nan
    report = _report(tmp_path, before, now, Wishes(target="y"))
    page = render_html([Part("c", report)], current="c.parquet", reference="r.parquet", made=NOW)
    reader = _read(page)
    text = "".join(reader.text)
    for said in (
        "■ Drifted", "2 of 2 columns moved, 100%", "missing rose from 0% to 10%",
        "1 new value in k: d (33% of the rows)",
        "The target y did not move", "How this was decided", "Benjamini and Hochberg", "2026-01-02 03:04 UTC",
        "300 rows", "900 rows", "0% → 10%", "at most 1% of 500 repeats",
    ):  # fmt: skip
        assert said in text, said
    assert text.index("■ Drifted") < text.index("columns moved") < text.index("Columns, the strongest first")
    assert page.count('<svg class="bins"') == 3
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.strip() and "\x00" not in name])
def test_hostile_names_are_text(tmp_path: Path, name: str) -> None:
    evil = f"{name}</td><script>alert(1)</script>\"'><img src=x onerror=y>&amp;"
    rows = {evil: [evil, "b"] * 100, "n": [1.5] * 200}
    report = _report(tmp_path, rows, {**rows, evil: [evil, "new <b>"] * 100})
    parts = [Part(evil, report, evil), Part("other", report)]
    for shown_parts in (parts[:1], parts):
        page = render_html(shown_parts, current=evil, reference=evil, notes=[evil], made=NOW)
        _read(page)
        assert "<script" not in page
        assert "<img" not in page
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", page)


def test_each_drawing_is_sound_xml_with_a_bar_for_every_bin() -> None:
    schema = infer_schema([month(1)])
    base = profile_files([month(1)], schema)
    report = compare_profiles(base, profile_files([month(7)], schema, edges_from=base), target="late")
    for column in report.columns:
        root = ET.fromstring(histograms(column))
        bars = [node.get("class") for node in root if node.tag == "rect"]
        seen = sum(r + c > 0 for r, c in zip(column.reference_counts, column.current_counts, strict=True))
        assert bars == ["r", "c"] * seen
        assert all(0 <= float(node.get("width", "0")) <= 330 for node in root if node.tag == "rect")


def test_chunks_are_a_table_of_column_by_chunk(tmp_path: Path) -> None:
    dice = np.random.default_rng(2)
    before = {"x": dice.normal(size=900), "z": dice.normal(size=900)}
    parts = [
        Part(
            f"2024-{at:02d}",
            _report(tmp_path, before, {"x": dice.normal(at > 48, 1, 60), "z": dice.normal(size=60)}),
        )
        for at in (1, 2, 49)
    ]
    page = render_html(parts, current="c", reference="r", made=NOW)
    reader = _read(page)
    assert "1 of 3 chunks drifted: 2024-49" in "".join(reader.text)
    assert page.count("<details>") == 3
    assert page.count('class="on') == 2
    many = render_html(parts * 20, current="c", reference="r", made=NOW)
    assert many.count("<details>") == 20
    assert "Of 60 chunks, 20 that drifted are shown whole." in many


def test_a_report_without_columns_is_a_page_too() -> None:
    from pilothouse.monitoring.columns import Profile

    page = render_html(
        [Part("", compare_profiles(Profile(5, ()), Profile(5, ())))], current="c", reference="r"
    )
    assert "No drift" in "".join(_read(page).text)


def test_text_is_escaped_on_one_line_and_cut() -> None:
    assert shown("a<b>\n&\x1b[31m\u202e") == "a&lt;b&gt; &amp;\ufffd[31m\ufffd"
    assert shown("x" * 50, 10) == "x" * 9 + "…"


def test_long_labels_lose_what_they_share() -> None:
    months = [f"flights-2013-{at:02d}.parquet" for at in (1, 2, 12)]
    assert short_labels(months) == ["2013-01", "2013-02", "2013-12"]
    assert short_labels(["2024-W05", "2024-W06"]) == ["2024-W05", "2024-W06"]
    assert short_labels(["the-very-same-name", "the-very-same-name"]) == ["the-very-same-name"] * 2
    assert short_labels(["a_long_name_of_a.csv", "a_long_name_of_a2.csv"])[0] == "a_long_name_of_a.csv"
    assert short_labels(["only-one-that-is-long.csv"]) == ["only-one-that-is-long.csv"]
