"""The metadata store: one DuckDB file, opened for one short transaction at a time.

The only package that imports DuckDB for metadata.
"""

from pilothouse.jsontext import dumps, loads
from pilothouse.store.connection import RefusedError, Row, Store, Transaction, forget_stores, open_store
from pilothouse.store.events import Event, list_events, record, record_outside, verify_events

__all__ = [
    "Event",
    "RefusedError",
    "Row",
    "Store",
    "Transaction",
    "dumps",
    "forget_stores",
    "list_events",
    "loads",
    "open_store",
    "record",
    "record_outside",
    "verify_events",
]
