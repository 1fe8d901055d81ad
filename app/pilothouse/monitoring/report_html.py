"""A drift report as one HTML file that opens offline: words first, then the columns, then the rule.

It has no script and asks for nothing over the network; a content security policy holds it to that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pilothouse.monitoring.checks import ERROR, Finding
from pilothouse.monitoring.explaining import explained
from pilothouse.monitoring.findings_html import findings_html
from pilothouse.monitoring.histograms_svg import effect, histograms, shown
from pilothouse.monitoring.report_style import STYLE
from pilothouse.monitoring.reports import ColumnDrift, DriftReport
from pilothouse.monitoring.story import HEDGE, besides, sentence, share_moved, told
from pilothouse.monitoring.verdict_words import of_chunks, of_column, of_data, target_moved
from pilothouse.monitoring.wording import percent

MOST_DETAILED = 40
"""So many chunks are shown with all their columns; of the others, the table tells."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
BEGINNING = (
    '<!doctype html>\n<html lang="en"><head>'
    f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
)
"""How every page begins, and no other: a page with it may be written anew."""


@dataclass(frozen=True, slots=True)
class Part:
    """One report in a file of several: the name of its chunk or file, and what to know about it."""

    label: str
    report: DriftReport
    note: str = ""


def render_html(
    parts: Sequence[Part],
    *,
    current: str,
    reference: str,
    notes: Sequence[str] = (),
    findings: Sequence[Finding] = (),
    held: bool = False,
    made: datetime | None = None,
) -> str:
    """Return the whole page.

    Args:
        parts: at least one report; several are chunks of one dataset, in order.
        current, reference: what was compared, as a person named it.
        notes: sentences about the comparison as a whole.
        findings: what the checks of the file found.
        held: whether the file is held back, so that the comparison is only a look.
        made: the moment it is made; now by default.
    """
    drifted = [part for part in parts if part.report.dataset_drift]
    first = parts[0].report
    sign, word = of_chunks([part.report for part in parts])
    word = word.capitalize()
    rows = sum(part.report.n_current for part in parts)
    body = [
        f"<h1>{_toned(bool(drifted), '■ Drifted', f'{sign} {word}')}</h1>",
        f"<p>{_named(current)} {_dim(f'({rows:,} rows)')} against {_named(reference)} "
        f"{_dim(f'({first.n_reference:,} rows)')}</p>",
    ]
    if held:
        body[0] = f"<h1>{_toned(True, '■ Held back', '')}</h1>"
        body.append(f"<p>{_holding(findings)} A look at its drift: {sign} {word.lower()}.</p>")
        body.append(findings_html(findings))
        findings, word = (), "Held back"
    if len(parts) == 1:
        body += [_words(first), _list([*notes, *first.notes]), findings_html(findings)]
        body += [_columns(first), _details(first)]
    else:
        names = ", ".join(shown(part.label, 40) for part in drifted[:12])
        more = "…" if len(drifted) > 12 else ""
        which = f": {names}{more}" if drifted else ""
        some = sum(of_data(part.report)[0] == "▲" and bool(part.report.drifted) for part in parts)
        fewer = f"; in {some} some columns moved" if some else ""
        targets = sum(target_moved(part.report) for part in parts)
        target = f"; in {targets} the target moved" if targets else ""
        said = f"{len(drifted)} of {len(parts)} chunks drifted{which}{fewer}{target}."
        body += [f"<p>{said}</p>", _list(notes)]
        body += [_heat(parts), *_chunks(parts, drifted)]
    body += [
        "<h2>How this was decided</h2>",
        _list(explained(first)),
        f'<p class="dim">Made by Pilothouse on {_moment(made)}. The rule: {shown(first.rule)}.</p>',
    ]
    return _page(f"{word}: {current}", body)


def render_held(
    name: str, findings: Sequence[Finding], *, rows: int = 0, held: bool = True, made: datetime | None = None
) -> str:
    """Return the page of a file that was compared with nothing: what its checks found.

    Args:
        name: the file.
        findings: what was found.
        rows: its rows, if they are known.
        held: whether it is held back.
        made: the moment it is made; now by default.
    """
    said = _holding(findings) if held else ""
    counted = _dim(f"({rows:,} rows)") if rows else ""
    body = [
        f"<h1>{_toned(held, '■ Held back', '● Taken in')}</h1>",
        f"<p>{_named(name)} {counted} was compared with no reference.</p>",
        f"<p>{said}</p>" if said else "",
        findings_html(findings),
        f'<p class="dim">Made by Pilothouse on {_moment(made)}.</p>',
    ]
    return _page(f"{'Held back' if held else 'Taken in'}: {name}", body)


def _holding(findings: Sequence[Finding]) -> str:
    errors = sum(one.severity == ERROR for one in findings)
    many = "1 finding holds" if errors == 1 else f"{errors} findings hold"
    return f"{many} it back: no training takes it in until a person accepts it."


def _moment(made: datetime | None) -> str:
    return (made or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC")


def _page(title: str, body: Sequence[str]) -> str:
    head = (
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{shown(title, 90)}</title><style>{STYLE}</style>"
    )
    content = "\n".join(part for part in body if part)
    return f"{BEGINNING}{head}</head>\n<body>\n{content}\n</body></html>\n"


def ordered(report: DriftReport) -> list[ColumnDrift]:
    """Return the columns, the drifted ones first, then by how far the score is beyond its threshold."""
    return sorted(
        report.columns, key=lambda column: (not column.drifted, -column.score / max(column.threshold, 1e-9))
    )


def _named(text: str, longest: int = 200) -> str:
    return f"<b><bdi>{shown(text, longest)}</bdi></b>"


def _said(text: str) -> str:
    """Show a sentence of `story.py` with the column's name set apart."""
    before, tick, rest = text.partition("`")
    name, end, after = rest.partition("`")
    if not tick or not end:
        return shown(text, 400)
    return f"{shown(before)}<b><bdi>{shown(name)}</bdi></b>{shown(after, 400)}"


def _dim(text: str) -> str:
    return f'<span class="dim">{shown(text)}</span>'


def _toned(hot: bool, yes: str, no: str) -> str:
    return f'<span class="hot">{yes}</span>' if hot else f'<span class="calm">{no}</span>'


def _column_verdict(column: ColumnDrift) -> str:
    words = " ".join(of_column(column))
    return _toned(column.drifted, words, words)


def _list(sentences: Sequence[str]) -> str:
    items = "".join(f"<li>{shown(sentence)}</li>" for sentence in sentences)
    return f'<ul class="words">{items}</ul>' if items else ""


def _words(report: DriftReport) -> str:
    moved = [column for column in ordered(report) if column.drifted]
    said = [f"<p>{share_moved(report)}; the dataset drifts at {report.share:.0%}.</p>"]
    if moved:
        said.append('<ul class="words">')
        for column in moved[:20]:
            score = _dim(f"({column.test} {column.score:.3f})")
            said.append(f"<li>{_said(sentence(column))} {score}</li>")
        said.append("</ul>")
    for one in besides(report)[:10]:
        said.append(f"<p>{HEDGE.capitalize()}: {_said(one)}.</p>")
    for joint in report.multivariate:
        said.append(f"<p>{_toned(joint.drifted, '■', '●')} {shown(joint.words)}</p>")
    target = report.target
    if target is not None:
        how = f": {_said(sentence(target))}" if target.drifted and sentence(target) else ""
        state = "moved" if target.drifted else "did not move enough to count"
        said.append(f"<p>The target {_named(target.column, 80)} {state}{how}.</p>")
    if report.left_out:
        said.append(f"<p>{_dim('Not compared: ' + ', '.join(report.left_out)[:600] + '.')}</p>")
    return "".join(said)


def _columns(report: DriftReport) -> str:
    lines = [_line(column) for column in ordered(report)]
    if report.target is not None:
        lines.append(_line(report.target, "target"))
    if not lines:
        return ""
    heads = (
        "<th>column</th><th>kind</th><th>verdict</th><th>test</th>"
        '<th class="n">score</th><th class="n">needed</th><th>effect</th><th class="n">p</th>'
        '<th class="n">missing</th>'
    )
    return (
        f'<h2>Columns, the strongest first</h2><div class="scroll"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _line(column: ColumnDrift, kind: str = "") -> str:
    p = column.p_value
    p_value = "–" if p is None else "&lt;0.0001" if p < 1e-4 else f"{p:.4f}"
    missing = ""
    if column.missing_reference or column.missing_current:
        missing = shown(f"{percent(column.missing_reference)} → {percent(column.missing_current)}")
    about = f' title="may be wrong by up to {column.error:.2g}"' if column.error else ""
    cells = [
        f'<td class="name"><bdi>{shown(column.column, 120)}</bdi></td>',
        f"<td>{shown(kind or column.kind)}</td>",
        f"<td>{_column_verdict(column)}</td>",
        f"<td>{shown(column.test)}</td>",
        f'<td class="n"{about}>{column.score:.3f}</td>',
        f'<td class="n">{column.threshold:.3f}</td>',
        f"<td>{effect(column)}</td>",
        f'<td class="n">{p_value}</td>',
        f'<td class="n">{missing}</td>',
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _details(report: DriftReport) -> str:
    columns = [*ordered(report), *([report.target] if report.target else [])]
    if not columns:
        return ""
    key = (
        '<p class="key dim"><span class="r"></span>reference <span class="c"></span>current; '
        "shares of all rows</p>"
    )
    return f"<h2>Both histograms</h2>{key}{''.join(map(_article, columns))}"


def _article(column: ColumnDrift) -> str:
    verdict = _column_verdict(column)
    said = told(column)
    what = f"{_said(said)}." if said else _dim("Nothing worth a word happened.")
    head = f"<h3><bdi>{shown(column.column, 120)}</bdi> {verdict}</h3>"
    return f"<article>{head}<p>{what}</p>{histograms(column)}</article>"


def _heat(parts: Sequence[Part]) -> str:
    """The table of column by chunk; a drifted cell is filled and its number bold, so colour is not all."""
    names = list(dict.fromkeys(column.column for part in parts for column in part.report.columns))
    found = [{column.column: column for column in part.report.columns} for part in parts]
    targets = [part.report.target for part in parts]
    short = short_labels([part.label for part in parts])
    head = "".join(
        f'<th title="{shown(part.label, 200)}">{shown(label, 30)}</th>'
        for part, label in zip(parts, short, strict=True)
    )
    sizes = "".join(f"<td>{part.report.n_current:,}</td>" for part in parts)
    verdicts = "".join(_verdict(part.report) for part in parts)
    lines = [f"<tr><th>rows</th>{sizes}</tr>", f"<tr><th>verdict</th>{verdicts}</tr>"]
    for name in sorted(names, key=lambda name: -sum(one[name].drifted for one in found if name in one)):
        cells = "".join(_cell(one.get(name)) for one in found)
        lines.append(f"<tr><th><bdi>{shown(name, 60)}</bdi></th>{cells}</tr>")
    if target := next((one for one in targets if one is not None), None):
        head_cell = f"<th><bdi>{shown(target.column, 60)}</bdi> (target)</th>"
        lines.append(f"<tr>{head_cell}{''.join(_cell(one) for one in targets)}</tr>")
    return (
        "<h2>Columns over chunks</h2><p>"
        + _dim("Filled: moved, the darker the farther. The number is the score.")
        + "</p>"
        f'<div class="scroll"><table class="heat"><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def short_labels(labels: Sequence[str]) -> list[str]:
    """Return labels without what all of them begin and end with, where they are long; numbers stay whole."""
    if len(labels) < 2 or max(map(len, labels)) <= 12:
        return list(labels)
    start = re.sub(r"[\d\W_]+$", "", _shared(labels))
    end = re.sub(r"^[\d_]+", "", _shared([label[::-1] for label in labels])[::-1])
    cut = [label[len(start) : len(label) - len(end)].strip("-_. ") for label in labels]
    return cut if all(cut) and len(set(cut)) == len(set(labels)) else list(labels)


def _shared(texts: Sequence[str]) -> str:
    """What all of the texts begin with: what the first and the last in order do."""
    first, last = min(texts), max(texts)
    alike = (at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return first[: next(alike, min(len(first), len(last)))]


def _verdict(report: DriftReport) -> str:
    sign, tone = of_data(report)[0], ' class="on"' if report.dataset_drift else ""
    return f"<td{tone}>{sign} {report.share_drifted:.0%}</td>"


def _cell(column: ColumnDrift | None) -> str:
    if column is None:
        return "<td>–</td>"
    level = sum(column.score >= limit for limit in (0.0, 0.25, 0.5, 1.0))
    tone = f' class="on l{level}"' if column.drifted else ""
    return f'<td{tone} title="{shown(told(column))}">{column.score:.2f}</td>'


def _chunks(parts: Sequence[Part], drifted: Sequence[Part]) -> list[str]:
    detailed = list(parts) if len(parts) <= MOST_DETAILED else list(drifted[:MOST_DETAILED])
    out = ["<h2>Each chunk</h2>"]
    for part in detailed:
        report, note = part.report, f" ({shown(part.note)})" if part.note else ""
        sign = " ".join(of_data(report))
        name = f"<b><bdi>{shown(part.label, 60)}</bdi></b>{note}: {sign}, {report.n_current:,} rows"
        inside = _words(report) + _columns(report) + _details(report)
        out.append(f"<details><summary>{name}</summary>{inside}</details>")
    if len(detailed) < len(parts):
        out.append(f"<p>{_dim(f'Of {len(parts)} chunks, {len(detailed)} that drifted are shown whole.')}</p>")
    return out
