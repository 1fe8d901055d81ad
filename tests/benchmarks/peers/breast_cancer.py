"""The model that every server answers with: 30 measurements and a size class, two plain pipelines."""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def rows() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Values of shape (569, 31), the classes, the columns' names."""
    data = load_breast_cancer()
    radius = data.data[:, 0]
    size = np.digitize(radius, np.quantile(radius, [1 / 3, 2 / 3])).astype(float)
    names = [str(name).replace(" ", "_") for name in data.feature_names]
    return np.column_stack([data.data, size]), data.target, [*names, "size_class"]


def pipelines(columns: list) -> dict[str, Pipeline]:
    """Unfitted, over columns that are named or numbered."""

    def prepared() -> ColumnTransformer:
        return ColumnTransformer(
            [
                ("numbers", StandardScaler(), columns[:-1]),
                ("size", OneHotEncoder(handle_unknown="ignore", sparse_output=False), columns[-1:]),
            ]
        )

    return {
        "logistic": make_pipeline(prepared(), LogisticRegression(max_iter=1000)),
        "forest": make_pipeline(prepared(), RandomForestClassifier(100, random_state=0)),
    }
