"""A store with very many runs, made in seconds and the same for the same seed.

The rows go in as the product writes them, run by run in the order of time, through a transaction of the
store; only the journals are left out. Every value is a hash of the run's number, the seed and what it is for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pilothouse.store import Store, open_store, record
from pilothouse.tracking.digests import keep_digests
from pilothouse.workspace import Workspace, init_workspace

CONFIG = """
[model]
name = "late"
target = "y"

[data]
folder = "data"
"""
METRICS = ("roc_auc", "log_loss", "f1", "accuracy", *(f"m{number:02d}" for number in range(4, 20)))
PARAMS = ("max_iter", "learning_rate", "depth", *(f"p{number}" for number in range(3, 10)))
RECIPES = ("hist_gradient_boosting", "random_forest", "logistic", "ridge")
FIRST = datetime(2025, 1, 1, tzinfo=UTC)

_WORDS = "['brisk', 'calm', 'dry', 'even', 'fair', 'grey', 'keen', 'mild', 'prime', 'steady']"
_BIRDS = "['auk', 'crane', 'dunlin', 'eider', 'gull', 'heron', 'kite', 'plover', 'robin', 'tern']"
_PEOPLE = "['ana', 'bo', 'chen', 'dee', 'eli']"


def _share(*what: str) -> str:
    """SQL for a number in [0, 1) that depends on these expressions and on the seed, bound to its `?`."""
    return f"(hash({', '.join(what)}, ?) % 1000003) / 1000003.0"


def _pick(words: str, *what: str) -> str:
    """SQL for one of a list of words, likewise."""
    return f"{words}[1 + CAST(hash({', '.join(what)}, ?) % len({words}) AS INTEGER)]"


def new_workspace(root: Path) -> tuple[Workspace, Store]:
    """Make a workspace without any run."""
    (root / "data").mkdir(parents=True)
    workspace = init_workspace(root, CONFIG)
    return workspace, open_store(workspace)


def fill(store: Store, runs: int, *, metrics: int = 20, params: int = 10, seed: int = 7) -> None:
    """Add finished runs to an empty store: one a minute, one tag each, one point for each metric.

    Args:
        store: a store without runs.
        runs: how many.
        metrics: metrics of each run, at most 20; `roc_auc` is in [0.5, 1).
        params: parameters of each run, at most 10; the first three have few values.
        seed: other seeds give other values.
    """
    keys = list(METRICS[:metrics])
    names = list(PARAMS[:params])
    with store.transaction() as tx:
        tx.execute(
            "CREATE TEMP TABLE made AS SELECT n, substr(md5(concat(?, '-', n)), 1, 12) AS run_id, "
            "CAST(? AS TIMESTAMP) + to_minutes(n) AS began FROM range(?) AS numbers(n)",
            [seed, FIRST, runs],
        )
        tx.execute(
            "INSERT INTO runs (run_id, name, model, kind, recipe, command, status, started_at, ended_at, "
            "exit_code, progress, progress_text, dataset_version, reason, journal_offset) SELECT run_id, "
            f"concat_ws('-', {_WORDS}[1 + n % 10], {_pick(_BIRDS, 'n')}, n), "
            "'late', 'recipe', ?[1 + CAST(hash(n, 'recipe', ?) % 4 AS INTEGER)], '', "
            "if(n % 50 = 0, 'FAILED', 'FINISHED'), "
            "began, began + to_seconds(20 + CAST(hash(n) % 40 AS INTEGER)), if(n % 50 = 0, 1, 0), "
            "1.0, '', substr(md5(CAST(n // 100 AS VARCHAR)), 1, 12), '', 0 FROM made ORDER BY n",
            [seed, list(RECIPES), seed],
        )
        tx.execute(
            "INSERT INTO params SELECT run_id, key, "
            "if(place IN (1, 3), CAST(CAST(number AS BIGINT) AS VARCHAR), CAST(number AS VARCHAR)), number "
            "FROM (SELECT n, run_id, key, place, CASE place WHEN 1 THEN 100 * (1 + hash(n, ?, 1) % 5) "
            f"WHEN 2 THEN round({_share('n', '2')}, 2) WHEN 3 THEN 2 + hash(n, ?, 3) % 8 "
            f"ELSE round({_share('n', 'key')}, 6) END AS number FROM made, "
            "(SELECT unnest(?) AS key, unnest(range(1, len(?) + 1)) AS place)) ORDER BY n, place",
            [seed, seed, seed, seed, names, names],
        )
        tx.execute(
            f"INSERT INTO tags SELECT run_id, 'by', {_pick(_PEOPLE, 'n')} FROM made ORDER BY n",
            [seed],
        )
        tx.execute(
            "INSERT INTO metrics SELECT run_id, key, value, value, value, 0, 1 FROM (SELECT n, run_id, "
            f"key, place, if(place = 1, 0.5, 0) + {_share('n', 'key')} * if(place = 1, 0.5, 1) AS value "
            "FROM made, (SELECT unnest(?) AS key, unnest(range(1, len(?) + 1)) AS place)) ORDER BY n, place",
            [seed, keys, keys],
        )
        tx.execute(
            "INSERT INTO metric_points SELECT run_id, key, 0, last, began + to_seconds(10) FROM metrics "
            "JOIN made USING (run_id) ORDER BY n, key"
        )
        keep_digests(tx, [row["run_id"] for row in tx.rows("SELECT run_id FROM made ORDER BY n")])
        tx.execute("DROP TABLE made")
        record(tx, "run", "generated", f"{runs:,} runs were generated.", {"seed": seed}, actor="benchmark")
