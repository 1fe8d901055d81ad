from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hostile import HOSTILE
from pilothouse.errors import PilothouseError
from pilothouse.store import Store, Transaction, dumps, events, list_events, loads, record, verify_events
from pilothouse.store import connection as connection_module
from pilothouse.workspace import Workspace
from waiting import wait_until

WRITER = """
import sys
from pathlib import Path
from pilothouse.store import Store, record
from pilothouse.workspace import Workspace
store = Store(Workspace(Path(sys.argv[1])))
for number in range(int(sys.argv[2])):
    with store.transaction() as tx:
        record(tx, "test", sys.argv[3], str(number))
    print(number, flush=True)
"""


def write(store: Store, count: int, name: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(store.workspace.root), str(count), name], stdout=subprocess.PIPE
    )


def test_a_transaction_that_raises_changes_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.transaction() as tx:
        record(tx, "test", "x", "never")
        raise RuntimeError
    assert list_events(store) == []


def test_times_come_back_as_they_went_in(store: Store) -> None:
    at = datetime(2026, 11, 21, 12, 30, 15, 123456, UTC)
    assert store.query("SELECT ?::TIMESTAMP AS t", [at]) == [{"t": at}]


def test_many_rows_of_mixed_values_are_inserted_at_once(store: Store) -> None:
    rows = [
        {"run_id": str(i), "key": text, "value": text, "number": None if i % 2 else float(i)}
        for i, text in enumerate(HOSTILE * 3)
        if "\x00" not in text
    ]
    with store.transaction() as tx:
        tx.insert("params", rows)
        tx.insert("params", [])
    assert store.query("SELECT run_id, key, value, number FROM params ORDER BY CAST(run_id AS INT)") == rows


def test_six_processes_start_on_a_new_store_at_once_and_lose_nothing(store: Store) -> None:
    writers = [write(store, 10, f"w{i}") for i in range(6)]
    for writer in writers:
        writer.communicate(timeout=120)
        assert writer.returncode == 0
    events = list_events(store, 100)
    assert len(events) == 60
    assert verify_events(store) is None


def test_six_processes_killed_at_random_moments_lose_nothing_that_was_acknowledged(store: Store) -> None:
    dice = random.Random(7)
    writers = {f"w{number}": write(store, 10_000, f"w{number}") for number in range(6)}
    acknowledged: set[tuple[str, str]] = set()
    # They write against each other until it is their turn to be killed.
    for name in dice.sample(sorted(writers), 6):
        writer = writers[name]
        assert writer.stdout is not None
        for _ in range(dice.randrange(1, 20)):
            acknowledged.add((name, writer.stdout.readline().decode().strip()))
        writer.send_signal(signal.SIGKILL)
        rest = writer.communicate()[0].decode().split("\n")
        acknowledged |= {(name, line) for line in rest[:-1]}
    events = list_events(store, 100_000)
    assert acknowledged <= {(event.subject, event.message) for event in events}
    assert len({(event.subject, event.message) for event in events}) == len(events)
    assert verify_events(store) is None


def test_threads_of_one_process_take_turns(store: Store) -> None:
    def work(name: str) -> None:
        for number in range(10):
            with store.transaction() as tx:
                record(tx, "test", name, str(number))

    threads = [threading.Thread(target=work, args=(f"t{i}",)) for i in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.seq for event in list_events(store, 100)] == list(range(50, 0, -1))


def test_a_foreign_program_that_holds_the_file_is_named(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.query("SELECT 1")
    monkeypatch.setattr(connection_module, "PATIENCE", 0.2)
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(store.workspace.store_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(PilothouseError, match=f"PID {holder.pid}"):
            store.query("SELECT 1")
        holder.kill()
    assert wait_until(lambda: store.query("SELECT 1 AS one")) == [{"one": 1}]


def test_a_store_of_a_newer_version_is_left_alone(store: Store) -> None:
    with store.transaction() as tx:
        tx.execute("UPDATE meta SET value = '99' WHERE key = 'shape'")
    before = store.workspace.store_path.read_bytes()
    with pytest.raises(PilothouseError, match="newer Pilothouse"):
        Store(store.workspace).query("SELECT 1")
    assert store.workspace.store_path.read_bytes() == before


def test_a_file_that_is_no_store_is_told_in_words(store: Store) -> None:
    store.workspace.store_path.write_bytes(b"this is not a database" * 1000)
    with pytest.raises(PilothouseError, match="cannot be opened"):
        store.query("SELECT 1")


def test_a_damaged_block_is_told_at_once_and_not_waited_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.query("SELECT 1")
    data = bytearray(store.workspace.store_path.read_bytes())
    data[4096 : 3 * 4096] = b"x" * 2 * 4096
    store.workspace.store_path.write_bytes(data)
    tries: list[float] = []
    monkeypatch.setattr(connection_module.time, "sleep", tries.append)
    with pytest.raises(PilothouseError, match="cannot be opened"):
        Store(store.workspace).query("SELECT 1")
    assert tries == []


def test_a_store_that_was_removed_under_a_living_process_is_made_anew(store: Store) -> None:
    assert store.query("SELECT count(*) AS n FROM events") == [{"n": 0}]
    store.workspace.store_path.unlink()
    assert store.query("SELECT count(*) AS n FROM events") == [{"n": 0}]


def test_a_bad_statement_is_told_in_words_and_the_store_stays_usable(store: Store) -> None:
    with pytest.raises(PilothouseError, match="refused"), store.transaction() as tx:
        tx.execute("SELECT nothing FROM nowhere")
    assert store.query("SELECT 1 AS one") == [{"one": 1}]


def test_anyone_may_open_the_file_between_transactions(store: Store) -> None:
    with store.transaction() as tx:
        record(tx, "test", "x", "told")
    with duckdb.connect(str(store.workspace.store_path), read_only=True) as con:
        assert con.execute("SELECT message FROM events").fetchall() == [("told",)]


@pytest.mark.parametrize("text", [text for text in HOSTILE if "\x00" not in text])
def test_hostile_text_comes_back_as_it_went_in(store: Store, text: str) -> None:
    with store.transaction() as tx:
        record(tx, "test", text, text, {"text": text, text: 1}, actor=text or None)
    event = list_events(store)[0]
    assert (event.subject, event.message, event.data["text"]) == (text, text, text)
    assert verify_events(store) is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events SET message = 'other' WHERE seq = 3",
        "DELETE FROM events WHERE seq = 3",
        "UPDATE events SET actor = 'eve' WHERE seq = 3",
    ],
)
def test_a_changed_trail_is_found_at_the_event_that_was_changed(store: Store, change: str) -> None:
    with store.transaction() as tx:
        for number in range(5):
            record(tx, "test", "x", str(number))
    assert verify_events(store) is None
    with store.transaction() as tx:
        tx.execute(change)
    assert verify_events(store) == 3


def test_a_long_trail_is_verified_while_others_may_write(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_PAGE", 2)
    for number in range(5):
        with store.transaction() as tx:
            record(tx, "test", "x", str(number))
    read, real = [], Transaction.fetched

    def counted(tx: Transaction, sql: str, params: Sequence[Any] = ()) -> Any:
        found = real(tx, sql, params)
        read.append(len(found.rows))
        return found

    monkeypatch.setattr(Transaction, "fetched", counted)
    assert verify_events(store) is None
    assert read == [2, 2, 1, 0]
    for seq, first in ((5, 5), (3, 3), (-1, 1)):
        with store.transaction() as tx:
            tx.execute("UPDATE events SET seq = ?, message = 'other' WHERE seq = ?", [seq, abs(seq)])
        assert verify_events(store) == first


def test_numbers_that_json_has_no_word_for() -> None:
    text = dumps({"a": float("nan"), "b": [float("inf"), -float("inf")], "c": Path("x")})
    assert loads(text) == {"a": "NaN", "b": ["Infinity", "-Infinity"], "c": "x"}


def test_what_a_kill_left_of_making_the_store_is_in_nobodys_way(workspace: Workspace) -> None:
    for name in ("store.duckdb.new", "store.duckdb.new.wal"):
        (workspace.state_dir / name).write_bytes(b"half a header")
    assert Store(workspace).query("SELECT count(*) AS n FROM events") == [{"n": 0}]
    assert not list(workspace.state_dir.glob("store.duckdb.new*"))
