"""What landed and what was answered as rows, and the words about one of them. Every verdict is a sign and a
word; what was estimated says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from textual.content import Content

from pilothouse.monitoring.predicted_rows import told_learned, told_rows
from pilothouse.performance.harm_glances import SIGNS
from pilothouse.tui.signs import SIGN_TONES, TONE_STYLES
from pilothouse.tui.text import clock, fit, line, number, safe, signed
from pilothouse.tui.widgets.rows import Column, Row

if TYPE_CHECKING:
    from datetime import datetime

    from pilothouse.performance.harms_kept import KeptHarm
    from pilothouse.tui.snapshots.performance import Harms

EMPTY = (
    "Nothing that landed was judged for harm yet.\n"
    "A file waits for it once a version is live; the watcher judges by itself,  u  does it now."
)
EMPTY_ANSWERS = "What was answered is measured when you ask for it:  e"
BLIND = "Estimated: blind to concept drift, which only labels show."
GROUPS = (
    Column("group", "group", most=30, grow=True),
    Column("value", "value", "right", most=9),
    Column("interval", "95% interval", "right", most=19),
    Column("rows", "rows", "right", most=9),
)
GROUPS_NARROW = (
    Column("value", "value", "right", most=9),
    Column("group", "group", most=30, grow=True),
)
"""Where there is little room a value can be read beside the most of its group's name."""
_ROOMY = 64
DRAWN = 24
"""Cells of a drawn interval."""


def harm_word(verdict: str) -> tuple[str, str]:
    """The sign and word of a verdict, and its tone."""
    sign = SIGNS.get(verdict, "–")
    return f"{sign} {safe(verdict, 14)}", SIGN_TONES.get(sign, "watch" if sign == "○" else "dim")


def interval(low: float | None, high: float | None) -> str:
    """An interval as 0.616 … 0.715."""
    return "–" if low is None or high is None else f"{number(low, 3)} … {number(high, 3)}"


def scale_of(rows: Iterable[tuple[float | None, ...]]) -> tuple[float, float] | None:
    """The least and the greatest of all numbers; None where there is no span between them."""
    known = [value for row in rows for value in row if value is not None]
    return (min(known), max(known)) if known and max(known) > min(known) else None


def drawn(
    value: float | None,
    low: float | None,
    high: float | None,
    expected: float | None,
    scale: tuple[float, float] | None,
) -> str:
    """Draw an interval on a scale: ``──●──``, and ``┊`` where the holdout's value is."""
    if scale is None or value is None:
        return ""
    cells = [" "] * DRAWN

    def place(number: float) -> int:
        share = (number - scale[0]) / (scale[1] - scale[0])
        return max(0, min(DRAWN - 1, round(share * (DRAWN - 1))))

    if low is not None and high is not None:
        for at in range(place(low), place(high) + 1):
            cells[at] = "─"
    if expected is not None:
        cells[place(expected)] = "┊"
    cells[place(value)] = "●"
    return "".join(cells).rstrip()


def file_columns(known: Harms) -> tuple[Column, ...]:
    """The columns of what landed; business metrics at the end."""
    metrics = {one.metric for one in known.kept if one.metric}
    metric = safe(metrics.pop(), 14) if len(metrics) == 1 else "value"
    return (
        Column("name", "file", most=26),
        Column("harm", "harm", width=15),
        Column("value", metric, "right", most=14),
        Column("interval", "95% interval", most=19),
        Column("how", "how", most=22),
        Column("expected", "holdout", "right", most=9),
        Column("drawn", "● value  ┊ holdout", width=DRAWN),
        Column("version", "version", most=7),
        *(Column(f"business {name}", safe(name, 20), "right", most=16) for name in known.business),
        Column("at", "judged", width=6),
    )


def file_rows(known: Harms, now: datetime) -> list[Row]:
    """What waits first, then what was judged; in each the newest first, so that what is judged next comes
    last of what waits."""
    scale = scale_of((one.value, one.low, one.high, one.expected) for one in known.kept)
    blank = len(file_columns(known)) - 2
    now_judged = known.judging.name if known.judging and known.judging.model == known.model else None
    line_up = [name for name in known.waiting if name != now_judged]
    rows = [
        Row(f"waiting {name}", (safe(name), f"◌ waits, {ordinal(number)}", *[""] * blank), ("", "accent"))
        for number, name in reversed(list(enumerate(line_up, 1)))
    ]
    if now_judged in known.waiting:
        cells = (safe(now_judged), f"▶ judged {known.seconds:,} s", *[""] * blank)
        rows.append(Row(f"waiting {now_judged}", cells, ("", "accent")))
    for one in known.kept:
        word, tone = harm_word(one.verdict)
        how = f"▲ {one.how}" if one.estimated else one.how
        cells = (
            safe(one.name),
            word,
            number(one.value),
            interval(one.low, one.high),
            how,
            number(one.expected),
            drawn(one.value, one.low, one.high, one.expected, scale),
            f"v{one.version}",
            *(number(one.business.get(name)) for name in known.business),
            clock(one.at, now),
        )
        tones = ("", tone, "", "", "watch" if one.estimated else "dim", "dim", tone, "dim")
        rows.append(Row(f"{one.name} {one.sha256}", cells, (*tones, *[""] * len(known.business), "dim"), one))
    return rows


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th."""
    last = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{'th' if number % 100 in (11, 12, 13) else last}"


def period_columns(periods: Sequence[dict[str, Any]]) -> tuple[Column, ...]:
    """The columns of what was answered."""
    metric = safe(periods[0]["metric"], 14) if periods else "value"
    return (
        Column("name", "period", most=20),
        Column("version", "version", most=7),
        Column("value", metric, "right", most=14),
        Column("interval", "95% interval", most=19),
        Column("how", "how", width=11),
        Column("rows", "rows", "right", most=9),
        Column("labels", "labels", "right", most=9),
        Column("drawn", "● value  ┊ holdout", width=DRAWN),
    )


def period_rows(periods: Sequence[dict[str, Any]]) -> list[Row]:
    """What was answered, the newest version and period first."""
    told = [(one, one["realised"] or one["estimated"] or {}) for one in periods]
    expected = [(one["of"]["harm"]["expected"] or {}).get("value") for one in periods]
    spans = [tuple(value.get(key) for key in ("value", "low", "high")) for _, value in told]
    scale = scale_of([*spans, *((one,) for one in expected)])
    rows = []
    for (one, value), (middle, low, high), before in zip(told, spans, expected, strict=True):
        guess = one["realised"] is None and bool(value)
        how = "▲ estimated" if guess else "realised" if value else "–"
        cells = (
            safe(one["name"]), f"v{one['version']}", number(middle), interval(low, high),
            how, number(one["rows"]), number(one["labelled"]), drawn(middle, low, high, before, scale),
        )  # fmt: skip
        tones = ("", "dim", "", "", "watch" if guess else "dim", "", "", "watch" if guess else "good")
        rows.append(Row(f"{one['version']} {one['name']}", cells, tones, one["of"]))
    return rows


def group_rows(
    groups: Sequence[dict[str, Any]], worse: Sequence[dict[str, Any]], *, narrow: bool = False
) -> list[Row]:
    """Groups as they come: the worst first, those with few rows last; dim what is not among the ``worse``."""
    rows = []
    for one in groups:
        name = f"{one['column']} = {one['value']}"
        tone = "" if one in worse else "dim"
        cells = safe(name), number(one["metric"]), interval(one["low"], one["high"]), number(one["rows"])
        if narrow:
            rows.append(Row(name, (cells[1], cells[0]), (tone, tone)))
        else:
            rows.append(Row(name, cells, (tone, tone, "dim", "dim")))
    return rows


def harm_lines(kept: KeptHarm, room: int) -> Content:
    """Everything to be said of a file that landed, in ``room`` cells a line."""
    word, tone = harm_word(kept.verdict)
    head = line((word, TONE_STYLES[tone]), f"  v{kept.version}  ", (safe(kept.name, 60), "bold"))
    return _lines(head, kept.words, kept.estimated, kept.report.get("harm", {}), kept.report, room)


def served_lines(one: dict[str, Any], room: int) -> Content:
    """Everything to be said of what a version answered, in ``room`` cells a line."""
    word, tone = harm_word(one["harm"]["verdict"])
    head = line(
        (word, TONE_STYLES[tone]),
        f"  v{one['version']}  {told_rows(one['predictions'], one['rows'])},"
        f" with a label {one['labelled']:,}",
    )
    estimated = any(period["estimated"] for period in one["periods"])
    strange = f" {one['strange']:,} labels are none that it knows." if one["strange"] else ""
    if one["learned"]:
        strange += f" {told_learned(one['learned'], one['version'])}"
    return _lines(head, one["harm"]["words"] + strange, estimated, one["harm"], one, room)


def _lines(
    head: Content, words: str, estimated: bool, harm: dict[str, Any], report: dict[str, Any], room: int
) -> Content:
    rows = [head, Content(safe(words, 900))]
    if estimated and "blind to concept drift" not in words:
        rows.append(line(("▲ ", "$warning"), BLIND))
    table = [
        (label, one)
        for label, one in (
            ("holdout", harm.get("expected")),
            ("realised", harm.get("realised")),
            (f"estimated {harm.get('method', '')}".strip(), harm.get("estimated")),
            ("change", harm.get("change")),
        )
        if one
    ]
    if table:
        rows.append(line("\n", (safe(harm["metric"]), "bold")))
        wide = max(len(label) for label, _ in table)
    for label, one in table:
        value = signed(one["value"]) if label == "change" else number(one["value"])
        span = (
            f"{signed(one['low'], 3)} … {signed(one['high'], 3)}"
            if label == "change" and one["low"] is not None
            else interval(one["low"], one["high"])
        )
        count = f"{one['rows']:>9,} rows" if room >= _ROOMY else ""
        rows.append(line(f"  {label:<{wide}}  {value:>8}  ", (f"{span:<17}{count}", "$dim")))
    business = harm.get("business") or {}
    if business:
        rows.append(line("\n", ("business", "bold")))
        wide = min(30, max(len(safe(name)) for name in business))
        rows += [line(f"  {fit(safe(name), wide)}  {number(value):>12}") for name, value in business.items()]
    rows += [line("\n", ("▲ ", "$warning"), safe(one, 300)) for one in report.get("troubles") or []]
    for one in report.get("alerts") or []:
        sign, style, said = (
            ("■", "$error", "fired") if one["fired"]
            else ("○", "$warning", "cannot be told") if one["fired"] is None
            else ("●", "$success", "quiet")
        )  # fmt: skip
        rows.append(
            line("\n", (f"{sign} ", style), f"alert {one['name']}, {one['severity']}: {said}. ",
                 (safe(one["words"], 200), "$dim"))
        )  # fmt: skip
    for one in report.get("changes") or []:
        way = "grew" if one["after"] > one["before"] else "fell"
        rows.append(
            line("\n", ("▲ ", "$warning"), f"The errors {way} for good about {safe(one['time'], 20)}: "
                 f"{one['before']:.3f} to {one['after']:.3f}.")
        )  # fmt: skip
    return Content("\n").join(rows)
