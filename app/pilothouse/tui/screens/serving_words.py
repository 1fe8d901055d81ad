"""The server in words and figures."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from pilothouse.config.next_steps import without_a_model
from pilothouse.tui.text import line, safe, since, span
from pilothouse.tui.widgets.sparkline import sparkline

if TYPE_CHECKING:
    from pilothouse.serving.status import ServerStatus
    from pilothouse.tui.snapshots.serving import Serving


def when(text: str) -> datetime | None:
    """A time from the server's JSON; none if it is not one."""
    from datetime import UTC

    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def milliseconds(value: float | None) -> str:
    """2.1 ms; a dash for none."""
    return "–" if value is None else f"{value:.1f} ms"


def rate_words(server: ServerStatus, cells: int) -> tuple[str, str]:
    """The rate of the last ten seconds, and the shape of the last minute."""
    last = server.rate[-10:]
    each = sum(last) / len(last) if last else 0.0
    return f"{each:.0f} /s" if each >= 10 or not each else f"{each:.1f} /s", sparkline(
        server.rate, cells, low=0
    )


def server_words(known: Serving, now: datetime, cells: int) -> Content:
    """What the server says of itself, or how to start it."""
    server = known.server
    if server is None:
        live = known.models.live
        if known.starting:
            return line(("◌ starting …", "$accent"))
        what = (
            f"s  starts it in the background, serving v{live}."
            if live is not None
            else "Nothing is live yet: promote a version on Models first."
            if known.models.model
            else without_a_model("model to serve")
        )
        if (lost := known.lost) is not None:
            ago = f"   {span(since(when(lost.at), now))} ago: killed, or its machine went down"
            return Content("\n").join(
                [
                    line(("▲ lost", "$error"), f"  {safe(lost.url)}", (ago, "$dim")),
                    line(what),
                    line(("Every answer that was given is logged; S leaves it stopped.", "$dim")),
                ]
            )
        return Content("\n").join(
            [
                line(("□ stopped", "$warning")),
                line(what),
                line(("It answers on 127.0.0.1 only, and goes on when this terminal closes.", "$dim")),
            ]
        )
    ready = server.state == "ready"
    each, shape = rate_words(server, max(10, cells - 34))
    warm = (
        f"v{server.previous} is kept warm for a rollback"
        if server.previous is not None
        else "no other version is warm"
    )
    errors = ("● no errors", "$success") if not server.errors else (f"■ {server.errors:,} errors", "$error")
    rows = [
        line(
            ("● " if ready else "◌ ", "$success" if ready else "$accent"),
            safe(server.state),
            f"  {safe(server.url)}",
            (f"   process {server.pid}, for {span(since(when(server.started_at), now))}", "$dim"),
        ),
        line(
            ("answers   ", "$dim"),
            (f"{safe(server.model)} v{server.version}", "bold")
            if server.version is not None
            else "nothing yet",
            (f"   {warm}", "$dim"),
        ),
        line(
            ("requests  ", "$dim"),
            f"{server.requests:,}",
            (f"   {server.refused:,} refused   ", "$dim"),
            errors,
        ),
        line(("rate      ", "$dim"), f"{each:<9}", (shape, "$accent"), ("  last minute", "$dim")),
        line(
            ("latency   ", "$dim"),
            "p50 ",
            milliseconds(server.p50_ms),
            "   p99 ",
            milliseconds(server.p99_ms),
        ),
    ]
    if server.last_error:
        rows.append(line(("■ ", "$error"), (safe(server.last_error, 300), "$error")))
    return Content("\n").join(rows)
