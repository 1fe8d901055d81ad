"""Ours: `REFERENCE CURRENT`, then a word a line: go, memory."""

import json
import sys
import time
from pathlib import Path

from pilothouse.data.inferring import infer_schema
from pilothouse.monitoring.drift import compare_profiles
from pilothouse.monitoring.profile import profile_files

reference, current = Path(sys.argv[1]), Path(sys.argv[2])
drifted = 0
for word in sys.stdin:
    if word.strip() == "memory":
        status = Path("/proc/self/status").read_text()
        peak = next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))
        print(json.dumps({"mb": peak, "drifted": drifted}), flush=True)
        continue
    began = time.perf_counter()
    schema = infer_schema([reference])
    base = profile_files([reference], schema)
    report = compare_profiles(base, profile_files([current], schema, edges_from=base))
    drifted = len(report.drifted)
    print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)
