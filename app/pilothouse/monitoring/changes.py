"""What happened to a column between two profiles: found once, told in short or in a sentence.

In short, under the column's name: "down by 0.8 sigma, missing rose from 1% to 10%". In a sentence:
"`visib` moved down by 0.8 sigma, from 9.1 to 7.4 on average, missing rose from 1% to 10%".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pilothouse.monitoring.columns import ColumnProfile, Unreadable
from pilothouse.monitoring.wording import number, percent

WORTH_SAYING = 0.02
"""A share that changed by less, in absolute terms, is not worth a word."""
MOSTLY_GAPS = 0.2
"""A share of missing values that changed by at least this much is told first."""
NEW_VALUES, MISSING = "(new values)", "(missing)"
"""Labels of bins: of values that the reference never had, and of missing ones, which is always the last."""
_HARDLY = 0.05
"""A spread that is a smaller share of that before: as good as one value."""
_NAMED = 3
"""New values that a sentence names."""
_LONGEST = 30
_SO = ("1", "true")


@dataclass(frozen=True, slots=True)
class Bin:
    """The bin whose share changed most."""

    label: str
    before: float
    now: float


@dataclass(frozen=True, slots=True)
class Change:
    """What is worth a word about one column; each part is None, zero or empty where nothing is.

    Attributes:
        numeric: whether the column is one of numbers.
        none, gone: the file has no rows; all its values are missing.
        sigmas: by how many standard deviations of the reference the mean moved.
        means: the mean before and now, where it moved.
        spread: the standard deviation now over that before.
        infinite: infinite values now, where there are more than before.
        missing: the share of missing values before and now.
        new, new_rows, new_names: values that the reference never had, their share of the rows, some of them.
        bin: the largest change of a bin, where nothing above says more.
        unreadable: what it is instead of what it was, if it cannot be read as that.
    """

    numeric: bool
    none: bool = False
    gone: bool = False
    sigmas: float | None = None
    means: tuple[float, float] | None = None
    spread: float | None = None
    infinite: int = 0
    missing: tuple[float, float] | None = None
    new: int = 0
    new_rows: float = 0.0
    new_names: tuple[str, ...] = ()
    bin: Bin | None = None
    unreadable: Unreadable | None = None


def find_change(
    reference: ColumnProfile,
    current: ColumnProfile,
    labels: Sequence[str],
    r: Sequence[int],
    c: Sequence[int],
) -> Change:
    """Find what is worth a word.

    Args:
        reference, current: the two profiles.
        labels, r, c: the bins they were compared on, the last that of missing values.
    """
    n, m = reference.rows, current.rows
    numeric = reference.kind == "numeric"
    if not n or not m:
        return Change(numeric, none=bool(n))
    if current.unreadable is not None:
        return Change(numeric, unreadable=current.unreadable)
    before, now = reference.missing / n, current.missing / m
    if now == 1 and before < 1:
        return Change(numeric, gone=True)
    sigmas, means, spread = _numbers(reference, current) if numeric else (None, None, None)
    more = current.infinite / m - reference.infinite / n
    first = current.infinite and not reference.infinite
    infinite = current.infinite if numeric and (first or more >= WORTH_SAYING) else 0
    missing = (before, now) if abs(now - before) >= WORTH_SAYING else None
    told = means or spread or infinite or missing or current.unseen
    largest = None
    if not numeric or not told:
        largest = _largest_change(labels[:-1], [count / n for count in r], [count / m for count in c])
    return Change(
        numeric,
        sigmas=sigmas,
        means=means,
        spread=spread,
        infinite=infinite,
        missing=missing,
        new=current.distinct if current.unseen else 0,
        new_rows=current.unseen / m,
        new_names=current.unseen_levels[:_NAMED],
        bin=largest,
    )


def _numbers(
    reference: ColumnProfile, current: ColumnProfile
) -> tuple[float | None, tuple[float, float] | None, float | None]:
    if reference.mean is None or current.mean is None:
        return None, None, None
    change, means = current.mean - reference.mean, (reference.mean, current.mean)
    if not reference.std:
        return None, means if change else None, None
    sigmas = change / reference.std
    ratio = (current.std or 0.0) / reference.std
    spread = ratio if current.rows > 1 and not 0.8 <= ratio <= 1.25 else None
    return (sigmas, means, spread) if abs(sigmas) >= 0.095 else (None, None, spread)


def _largest_change(labels: Sequence[str], r: Sequence[float], c: Sequence[float]) -> Bin | None:
    """Name the bin whose share changed most, new values apart, since those are told already."""
    changes = [
        # Of two that changed alike, what is so is told rather than what is not, else the one that grew.
        (round(abs(now - before), 9), label in _SO, now > before, label, before, now)
        for label, before, now in zip(labels, r, c, strict=False)
        if label != NEW_VALUES
    ]
    size, *_, label, before, now = max(changes, default=(0.0, False, False, "", 0.0, 0.0))
    return Bin(label, before, now) if size >= WORTH_SAYING else None


def in_short(change: Change) -> str:
    """Say it in a few words that stand beside the column's name; empty if nothing is worth a word."""
    if change.none or change.gone:
        return "no rows" if change.none else "all values are missing"
    if change.unreadable:
        return f"unreadable: {change.unreadable.found}{change.unreadable.how_many}"
    said = []
    if change.sigmas is not None:
        said.append(_by(change.sigmas))
    if change.spread is not None:
        said.append(f"spread {change.spread:.1f} x" if change.spread >= _HARDLY else "hardly any spread")
    if change.means and change.sigmas is None:
        said.append(f"from {number(change.means[0])} to {number(change.means[1])}")
    if change.infinite:
        said.append(f"{change.infinite:,} infinite")
    if change.missing:
        said.insert(_place(change, len(said)), f"missing {_rose(*change.missing)}")
    if change.new:
        said.append(f"{_new_values(change)}{_of_the_rows(change)}")
    if change.bin:
        said.append(f"{_cut(change.bin.label)!r} {_rose(change.bin.before, change.bin.now)}")
    return ", ".join(said)


def in_a_sentence(name: str, change: Change) -> str:
    """Say it with the column's name in it and without a full stop; empty if nothing is worth a word."""
    who = f"`{_cut(name, 60)}`"
    if change.none or change.gone:
        return "" if change.none else f"all values of {who} are missing"
    if what := change.unreadable:
        example = f" (for example {what.example!r})" if what.example else ""
        is_now = f"it is {what.found}{example}{what.how_many}"
        return f"{who} cannot be read: {is_now}, where {what.expected} is expected"
    # Each part as it opens the sentence, and as it follows another.
    said: list[tuple[str, str]] = []
    if change.means:
        from_to = f"from {_mean(change.means[0])} to {_mean(change.means[1])}"
        moved = f"moved {_by(change.sigmas)}, {from_to} on average" if change.sigmas else f"moved {from_to}"
        said.append((f"{who} {moved}", moved))
    if change.spread is not None:
        wide = _wide(change.spread)
        said.append((f"{who} {wide}", wide))
    if change.infinite:
        infinite = f"has {change.infinite:,} infinite value{'' if change.infinite == 1 else 's'}"
        said.append((f"{who} {infinite}", infinite))
    if change.missing:
        rose = _rose(*change.missing)
        said.insert(_place(change, len(said)), (f"missing {who} {rose}", f"missing {rose}"))
    if change.new:
        names = ", ".join(_cut(name) for name in change.new_names)
        more = ", …" if change.new > len(change.new_names) else ""
        which = f": {names}{more}" if names else ""
        values, rows = _new_values(change), _of_the_rows(change)
        said.append((f"{values} in {who}{which}{rows}", f"{values}{which}{rows}"))
    if change.bin:
        rose = _rose(change.bin.before, change.bin.now)
        where = _cut(change.bin.label)
        if change.numeric:
            of = f"{rose} of the rows"
            said.append((f"{who} at {where} {of}", f"{where} {of}"))
        else:
            said.append((f"{where!r} in {who} {rose}", f"{where!r} {rose}"))
    return ", ".join(part[0] if not at else part[1] for at, part in enumerate(said))


def _wide(times: float) -> str:
    if times < _HARDLY:
        return "hardly spreads any more"
    return f"spreads {times:.1f} times as wide"


def _by(sigmas: float) -> str:
    return f"{'up' if sigmas > 0 else 'down'} by {abs(sigmas):.1f} sigma"


def _mean(value: float) -> str:
    """Write a mean with three digits: more would only look exact."""
    return f"{value:.3g}" if 0.001 <= abs(value) < 999.5 else number(value)


def _rose(before: float, now: float) -> str:
    return f"{'rose' if now > before else 'fell'} from {percent(before)} to {percent(now)}"


def _place(change: Change, count: int) -> int:
    """Gaps come first where they are the larger part of the story."""
    return 0 if change.missing and abs(change.missing[1] - change.missing[0]) >= MOSTLY_GAPS else count


def _new_values(change: Change) -> str:
    return "1 new value" if change.new == 1 else f"{change.new:,} new values"


def _of_the_rows(change: Change) -> str:
    return f" ({percent(change.new_rows)} of the rows)" if change.new_rows >= WORTH_SAYING else ""


def _cut(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
