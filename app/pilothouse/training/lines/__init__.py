"""What a script says of its metrics: on its output, line by line, and in a metrics file.

| a line such as | gives |
|---|---|
| `loss: 0.31`, `accuracy = 0.9`, `val_acc=0.6`, `val/loss: 1e-3` | the metric, by the name as it stands |
| `step: 4, loss: 0.31 | acc: 0.9` | both, at step 4; a step holds until the next one |
| `epoch 3/20 loss: 0.74`, `Epoch [3/20], Loss: 0.74`, `iter 3: loss=0.74` | loss at step 3 |
| `Epoch 1/3 | train loss 0.52` | `train_loss` at step 1; words are joined by `_` |
| `Test loss: 0.5`, `Test set: Average loss: 0.05` | `Test_loss`, `Test_set_Average_loss` |
| `accuracy: 91%`, `Accuracy: 9824/10000 (98%)` | 0.91 and 0.9824 |
| `MAE: 3,456.78`, `loss: 1_000.5`, `tokens/s: 1.2k` | 3456.78, 1000.5, 1200; of `RMSE: 1,234`, nothing |
| `mean CV: 0.8 ± 0.05` | `mean_CV`, 0.8 |
| `10/10 ━━━ 1s 5ms/step - accuracy: 0.91 - loss: 0.31` (Keras) | both, at the epoch, or at 10 without one |
| `Epoch 1:  50%|█ | 5/10 [00:01<00:01, 3.2it/s, loss=0.3]` (tqdm) | loss at 5, then in epoch 2 at 15 |
| `{'loss': 0.52, 'epoch': 1.0}` (Hugging Face), `{"auc": 0.93}` | what the dict holds |
| `[0]\\tvalidation-rmse:0.53` (XGBoost) | `validation-rmse` at step 0 |
| `[10]\\tvalid_0's auc: 0.91` (LightGBM) | `valid_0_auc` at step 10 |
| `0:\\tlearn: 0.69\\ttest: 0.68\\ttotal: 50ms` (CatBoost) | both at step 0; times are passed over |
| `INFO:root:loss: 0.31`, `2024-01-01 10:00:00 INFO loss: 0.31` | loss |
| `Warning: 3`, `port: 8080`, `train.py:88`, `Loaded 3 files: 20 rows` | nothing |

A line is read whole or not at all: one word that has no place in it makes it prose.
"""

from __future__ import annotations

from pilothouse.training.lines.grammar import Said, read_line
from pilothouse.training.lines.metrics_file import MetricsFile, Point, parse_metrics
from pilothouse.training.lines.reader import LONGEST_LINE, LineReader

__all__ = ["LONGEST_LINE", "LineReader", "MetricsFile", "Point", "Said", "parse_metrics", "read_line"]
