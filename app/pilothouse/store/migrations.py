"""Numbered, ordered steps that bring a store to the shape this version knows.

A step that has been released never changes; a new shape is a new step at the end. There are primary
keys only: DuckDB's secondary indexes and foreign keys would block later steps from renaming and
dropping columns. (`at` is a reserved word in DuckDB 2: the columns say `recorded_at`.)
Times are UTC without a zone: with one, DuckDB's client would need pytz.
"""

from __future__ import annotations

_FIRST = """
CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR);
CREATE TABLE events (
    seq BIGINT PRIMARY KEY, recorded_at TIMESTAMP, actor VARCHAR, kind VARCHAR, subject VARCHAR,
    message VARCHAR, data JSON, hash VARCHAR);
CREATE TABLE runs (
    run_id VARCHAR PRIMARY KEY, name VARCHAR, model VARCHAR, kind VARCHAR, recipe VARCHAR, command VARCHAR,
    status VARCHAR, started_at TIMESTAMP, ended_at TIMESTAMP, exit_code INTEGER, progress DOUBLE,
    progress_text VARCHAR, dataset_version VARCHAR, reason VARCHAR, journal_offset BIGINT);
CREATE TABLE params (run_id VARCHAR, key VARCHAR, value VARCHAR, number DOUBLE);
CREATE TABLE tags (run_id VARCHAR, key VARCHAR, value VARCHAR);
CREATE TABLE metrics (
    run_id VARCHAR, key VARCHAR, last DOUBLE, min DOUBLE, max DOUBLE, last_step BIGINT, count BIGINT);
CREATE TABLE metric_points (run_id VARCHAR, key VARCHAR, step BIGINT, value DOUBLE, recorded_at TIMESTAMP);
CREATE TABLE dataset_versions (
    version VARCHAR PRIMARY KEY, model VARCHAR, created_at TIMESTAMP, rows BIGINT, bytes BIGINT,
    schema JSON, profile JSON);
CREATE TABLE dataset_files (version VARCHAR, name VARCHAR, sha256 VARCHAR, bytes BIGINT, rows BIGINT);
CREATE TABLE arrivals (
    model VARCHAR, name VARCHAR, sha256 VARCHAR, recorded_at TIMESTAMP, rows BIGINT, status VARCHAR,
    findings JSON, PRIMARY KEY (model, name, sha256));
CREATE TABLE drift_reports (
    report_id VARCHAR PRIMARY KEY, model VARCHAR, recorded_at TIMESTAMP, subject VARCHAR, sha256 VARCHAR,
    reference VARCHAR, dataset_drift BOOLEAN, share_drifted DOUBLE, n_reference BIGINT, n_current BIGINT,
    report JSON);
CREATE TABLE model_versions (
    model VARCHAR, version INTEGER, run_id VARCHAR, dataset_version VARCHAR, recipe VARCHAR,
    created_at TIMESTAMP, manifest_sha256 VARCHAR, metrics JSON, PRIMARY KEY (model, version));
CREATE TABLE aliases (model VARCHAR, alias VARCHAR, version INTEGER, PRIMARY KEY (model, alias));
CREATE TABLE deployments (
    deployment_id BIGINT PRIMARY KEY, model VARCHAR, recorded_at TIMESTAMP, kind VARCHAR,
    from_version INTEGER, to_version INTEGER, actor VARCHAR, reason VARCHAR, gates JSON);
CREATE TABLE evaluations (
    model VARCHAR, version INTEGER, holdout VARCHAR, metrics JSON, recorded_at TIMESTAMP,
    PRIMARY KEY (model, version, holdout));
"""

MIGRATIONS: tuple[tuple[str, str], ...] = (
    ("the first shape", _FIRST),
    ("a trash for runs", "ALTER TABLE runs ADD COLUMN deleted_at TIMESTAMP"),
    (
        "saved filters",
        "CREATE TABLE filters (name VARCHAR PRIMARY KEY, text VARCHAR, saved_at TIMESTAMP)",
    ),
    (
        "digests of runs",
        "CREATE TABLE digests (run_id VARCHAR PRIMARY KEY, params VARCHAR, tags VARCHAR, metrics VARCHAR)",
    ),
    ("runs inside runs", "ALTER TABLE runs ADD COLUMN parent_run_id VARCHAR"),
    (
        "layouts of tables",
        "CREATE TABLE layouts (name VARCHAR PRIMARY KEY, layout JSON, saved_at TIMESTAMP)",
    ),
    (
        "labels that come later, and the harm of what landed",
        "CREATE TABLE labels (model VARCHAR, id VARCHAR, value VARCHAR, source VARCHAR,"
        " recorded_at TIMESTAMP, PRIMARY KEY (model, id));"
        "CREATE TABLE harms (model VARCHAR, name VARCHAR, sha256 VARCHAR, version INTEGER,"
        " recorded_at TIMESTAMP, metric VARCHAR, verdict VARCHAR, words VARCHAR, value DOUBLE, low DOUBLE,"
        " high DOUBLE, expected DOUBLE, estimated BOOLEAN, business JSON, report JSON,"
        " PRIMARY KEY (model, name, sha256))",
    ),
    (
        "schemas that a person accepted, and by which one a file was judged",
        "CREATE TABLE schemas (model VARCHAR, number INTEGER, recorded_at TIMESTAMP, actor VARCHAR,"
        " note VARCHAR, rules JSON, changed JSON, PRIMARY KEY (model, number));"
        " ALTER TABLE arrivals ADD COLUMN schema_number INTEGER",
    ),
    (
        # Most values differ, so that there is little to save, and every search for a word reads them all.
        "values of parameters that are quick to search",
        "CREATE TABLE plain_params (run_id VARCHAR, key VARCHAR,"
        " value VARCHAR USING COMPRESSION uncompressed, number DOUBLE);"
        " INSERT INTO plain_params SELECT run_id, key, value, number FROM params;"
        " DROP TABLE params; ALTER TABLE plain_params RENAME TO params",
    ),
    ("runs that were gone on with", "ALTER TABLE runs ADD COLUMN idle_seconds DOUBLE"),
    (
        # Compressed, the file is a hundredth smaller, and finding the best of one takes a quarter longer.
        "values of metrics that are quick to order by",
        "CREATE TABLE plain_metrics (run_id VARCHAR, key VARCHAR, last DOUBLE USING COMPRESSION uncompressed,"
        " min DOUBLE USING COMPRESSION uncompressed, max DOUBLE USING COMPRESSION uncompressed,"
        " last_step BIGINT, count BIGINT);"
        " INSERT INTO plain_metrics SELECT run_id, key, last, min, max, last_step, count FROM metrics;"
        " DROP TABLE metrics; ALTER TABLE plain_metrics RENAME TO metrics",
    ),
)
"""Name and SQL of each step; a store at shape n has had the first n of them."""
