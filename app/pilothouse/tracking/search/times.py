"""Moments and durations as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
    **dict.fromkeys(("w", "week", "weeks"), 7 * 86_400.0),
    **dict.fromkeys(("month", "months"), 30 * 86_400.0),
    **dict.fromkeys(("year", "years"), 365 * 86_400.0),
    "ms": 0.001,
}
_PART = re.compile(r"\s*(\d{1,12}(?:\.\d{1,9})?)\s*([A-Za-z]+)\s*,?", re.ASCII)
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)

MOMENT_EXAMPLES = "'2 days ago', today, yesterday or 2025-01-31 09:00"
DURATION_EXAMPLES = "90, '2 min' or '1h 30m'"


def seconds_of(text: str) -> float | None:
    """Return the seconds of a duration such as `2 min` or `1h 30m`; None if it is none.

    A month is 30 days, a year 365.
    """
    at, total = 0, 0.0
    text = text.strip()
    while at < len(text):
        part = _PART.match(text, at)
        unit = _UNITS.get(part[2].lower()) if part else None
        if part is None or unit is None:
            return None
        total += float(part[1]) * unit
        at = part.end()
    return total if text else None


def moment_of(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    """Return what a text says about time: the first instant it means and the last; None if it is no time.

    A day (a date, `today`, `yesterday`) means every instant from midnight to the next midnight; anything else
    one instant, twice. Without a zone, times are local. A bare number is milliseconds since 1970, as in
    MLflow.

    Args:
        text: an ISO date or time, `now`, `today`, `yesterday`, `2 days ago`, or a number.
        now: the present, with a zone.
    """
    low = " ".join(text.lower().split())
    try:
        local = now.astimezone()
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        if low == "now":
            return now, now
        if low in ("today", "yesterday"):
            return _day(midnight - timedelta(days=low == "yesterday"))
        if low.endswith(" ago"):
            seconds = seconds_of(low[:-4])
            return None if seconds is None else _twice(now - timedelta(seconds=seconds))
        if low.isdecimal() and low.isascii():
            return _twice(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(low[:20])))
        if _ISO.fullmatch(text.strip()) is None:
            return None
        found = datetime.fromisoformat(text.strip())
        if len(low) == 10:
            return _day(found)
        return _twice(found.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def sure_moment(text: str, now: datetime) -> tuple[datetime, datetime]:
    """Return what `moment_of` does, of a text that the parser has let pass.

    Raises:
        ValueError: it is no time after all.
    """
    if (found := moment_of(text, now)) is None:
        raise ValueError(f"{text!r} is no time")
    return found


def _day(midnight: datetime) -> tuple[datetime, datetime]:
    # Each midnight finds its own offset: a day may have 23 or 25 hours.
    return midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC)


def _twice(moment: datetime) -> tuple[datetime, datetime]:
    return moment, moment
