"""Fit the two pipelines in MLflow's own environment and save them for `mlflow models serve`: `FOLDER`."""

import sys
from pathlib import Path

import mlflow.sklearn
from breast_cancer import pipelines, rows

values, target, _ = rows()
for name, pipeline in pipelines(list(range(values.shape[1]))).items():
    mlflow.sklearn.save_model(
        pipeline.fit(values, target),
        Path(sys.argv[1]) / name,
        pyfunc_predict_fn="predict_proba",
        serialization_format="cloudpickle",
    )
