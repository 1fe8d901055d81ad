"""The rule in words: why a report says what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.monitoring.rule import EFFECT_FLOOR, LEAST_PART, LEVEL

if TYPE_CHECKING:
    from pilothouse.monitoring.reports import DriftReport


def explained(report: DriftReport) -> list[str]:
    """Return sentences that say how the verdict came about and how far to believe it."""
    columns = [*report.columns, *([report.target] if report.target else [])]
    said = []
    if any(not column.convention for column in columns):
        said += [
            f"A column has drifted if the change is large (a PSI of {EFFECT_FLOOR} or more) and real: "
            f"beyond what samples of {report.n_reference:,} and {report.n_current:,} rows differ by alone.",
            _level(report),
            "In simulations without drift, from 30 to 100,000 rows, a dataset was called drifted in at most "
            "1% of 500 repeats.",
        ]
    said += about_named(report)
    own = " The target is told apart and does not count." if report.target else ""
    said.append(f"The dataset drifts if {report.share:.0%} of its feature columns do.{own}")
    return said


def about_named(report: DriftReport) -> list[str]:
    """Return sentences about the tests that were asked for by name."""
    columns = [*report.columns, *([report.target] if report.target else [])]
    named = {column.test: column for column in columns if column.convention}
    said = [
        f"{test} was asked for by name. Its convention is {column.convention}."
        for test, column in named.items()
    ]
    if by_p := [test for test, column in named.items() if column.p_value is not None]:
        said.append(
            f"{' and '.join(by_p)} {_go(by_p, 'goes', 'go')} by a p-value, which takes the number of rows "
            "into account: in large files any tiny change is called."
        )
    if distances := [test for test, column in named.items() if column.p_value is None]:
        said.append(
            f"{' and '.join(distances)} {_go(distances, 'has', 'have')} one limit for any number of rows: "
            "small files raise false alarms."
        )
    if named:
        said.append(
            "Tests by name look at present values only, and do not regard the number of columns: of many, "
            "some are called by chance."
        )
    errors = [column for column in columns if column.error]
    if errors:
        worst = max(errors, key=lambda column: column.error)
        said.append(
            f"Bins stand for the values of {len(errors)} columns: scores may be wrong by up to "
            f"{worst.error:.2g} ({worst.column})."
        )
    return said


def _go(tests: list[str], one: str, several: str) -> str:
    return one if len(tests) == 1 else several


def about_stream(report: DriftReport) -> list[str]:
    """Return a short sentence about the files that were compared before, if there were any; the page and JSON
    say all of it."""
    if report.question is None or report.question == 1:
        return []
    part = min(report.question * (report.question + 1), LEAST_PART)
    which = f"The {_ordinal(report.question)} file against this reference"
    return [f"{which}: its share of the {LEVEL:.0%} of false alarms is 1 part in {part:,}."]


def _level(report: DriftReport) -> str:
    count = len(report.columns)
    over = f", over all {count} columns together (Benjamini and Hochberg)" if count > 1 else ""
    if report.question is not None:
        part = min(report.question * (report.question + 1), LEAST_PART)
        return (
            f"This is the {_ordinal(report.question)} file that is compared with this reference. The "
            f"{LEVEL:.0%} of false alarms allowed is shared out over the files as they come, so that asking "
            f"again and again finds nothing where nothing is: this file may use 1 part in {part:,}{over}."
        )
    if report.among > 1:
        return (
            f"{report.among} chunks are judged together and share a chance of {LEVEL:.0%} of a false alarm: "
            f"{report.level:.2g} each{over}."
        )
    return f"With no drift at all, the chance that any column is called is at most {report.level:.0%}{over}."


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
