"""Searching runs: MLflow's filter grammar, with OR, NOT, parentheses, times and plain words besides.

    metrics.auc > 0.9 AND params.model LIKE 'hist%'
    (status = failed OR best(metrics.loss) < 0.2) AND started > '2 days ago' gull

A comparison with something that the run lacks is false, `!=`, `NOT IN` and `NOT LIKE` included; `NOT` before
it makes that true. `IS NULL` asks for the lack itself. An attribute that is an empty text counts as lacking.

A date names a day: `=` asks for any moment of it, `<` and the like compare with its first. `NaN` equals only
itself and is neither above nor below anything. A metric's last value may be infinite (`metrics.loss = inf`);
its min, max and best are of finite values. A parameter compared with a bare number is read as a number.
"""

from pilothouse.tracking.search.completion import Completion, complete, value_wanted
from pilothouse.tracking.search.doubts import doubts, unknown_status
from pilothouse.tracking.search.errors import Expected, SearchError
from pilothouse.tracking.search.keys import MOST_VALUES, Keys, named_like, read_keys, read_values
from pilothouse.tracking.search.rendering import render, render_field
from pilothouse.tracking.search.saved import (
    SavedFilter,
    delete_filter,
    get_filter,
    list_filters,
    save_filter,
)
from pilothouse.tracking.search.search import Search, parse, readable_before
from pilothouse.tracking.search.values import status_of

__all__ = [
    "MOST_VALUES",
    "Completion",
    "Expected",
    "Keys",
    "SavedFilter",
    "Search",
    "SearchError",
    "complete",
    "delete_filter",
    "doubts",
    "get_filter",
    "list_filters",
    "named_like",
    "parse",
    "read_keys",
    "read_values",
    "readable_before",
    "render",
    "render_field",
    "save_filter",
    "status_of",
    "unknown_status",
    "value_wanted",
]
