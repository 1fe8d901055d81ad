"""What the checks of a file found, as a part of a page: a line each, with the rows that show it."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.monitoring.checks import ERROR, NOTE, Finding
from pilothouse.monitoring.histograms_svg import shown


def findings_html(findings: Sequence[Finding]) -> str:
    """Return a table of findings, errors first; nothing if there are none."""
    if not findings:
        return ""
    ordered = sorted(findings, key=lambda one: one.severity != ERROR)
    heads = '<th></th><th>what was found</th><th class="n">rows</th><th>for example</th>'
    return (
        f'<h2>What the checks found</h2><div class="scroll"><table class="found"><thead><tr>{heads}</tr>'
        f"</thead><tbody>{''.join(map(_line, ordered))}</tbody></table></div>"
    )


def _line(one: Finding) -> str:
    sign = {
        ERROR: '<span class="hot">■ holds</span>',
        NOTE: '<span class="dim">○ note</span>',
    }.get(one.severity, '<span class="calm">▲ beware</span>')
    rows = "".join(
        f"<li>row {row:,}: "
        + ('<span class="dim">missing</span>' if value is None else f"<code><bdi>{shown(value)}</bdi></code>")
        + "</li>"
        for row, value in one.examples
    )
    about = f'<div class="dim">{shown(one.rule, 40)}</div>' if one.rule else ""
    about += f'<div class="dim">→ {shown(one.next, 400)}</div>' if one.next else ""
    examples = f'<ul class="plain">{rows}</ul>' if rows else ""
    count = f"{one.count:,}" if one.count else "–"
    return (
        f'<tr><td class="sign">{sign}</td><td><bdi>{shown(one.message, 600)}</bdi>{about}</td>'
        f'<td class="n">{count}</td><td>{examples}</td></tr>'
    )
