"""Evidently's drift preset: `REFERENCE CURRENT`, then a word a line: go, memory."""

import json
import sys
import time
from pathlib import Path

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

for word in sys.stdin:
    if word.strip() == "memory":
        status = Path("/proc/self/status").read_text()
        peak = next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))
        print(json.dumps({"mb": peak}), flush=True)
        continue
    began = time.perf_counter()
    reference, current = pd.read_parquet(sys.argv[1]), pd.read_parquet(sys.argv[2])
    definition = DataDefinition(
        numerical_columns=[name for name in reference if name.startswith("x")],
        categorical_columns=[name for name in reference if name.startswith("c")],
    )
    done = Report([DataDriftPreset()]).run(
        Dataset.from_pandas(current, data_definition=definition),
        Dataset.from_pandas(reference, data_definition=definition),
    )
    done.dict()
    print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)
