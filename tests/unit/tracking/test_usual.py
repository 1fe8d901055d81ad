from __future__ import annotations

from pilothouse.tracking.usual import usual_keys

TRIAL = {"train_log_loss": 0.4, "validation_roc_auc": 0.7, "seconds": 3.0}
PLAIN = {"train_log_loss": 0.4, "roc_auc": 0.7, "log_loss": 0.5, "threshold": 0.2}


def test_what_most_have_is_shown_and_what_decides_stands_first() -> None:
    found = usual_keys([TRIAL] * 8 + [PLAIN] * 3, wanted=["validation_roc_auc"])
    assert found == ["validation_roc_auc", "train_log_loss", "seconds"]
    assert usual_keys([PLAIN] * 3) == ["roc_auc", "log_loss", "train_log_loss"]


def test_what_few_have_is_left_out() -> None:
    assert usual_keys([TRIAL] * 9 + [{"odd": 1.0}], most=9) == [
        "validation_roc_auc",
        "train_log_loss",
        "seconds",
    ]
    assert usual_keys([]) == []
