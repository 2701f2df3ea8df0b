"""Logs as Lightning's CSVLogger does: the file is rewritten whenever a metric is new; and a log that is begun anew."""

import argparse
import csv
import json
import time
from pathlib import Path
from typing import Any

parser = argparse.ArgumentParser()
parser.add_argument("--out", type=Path)
parser.add_argument("--lr", type=float)
args = parser.parse_args()


class CSVLogger:
    """The writer of Lightning 2.6: keys in alphabetical order, new rows appended, a new key rewrites the file."""

    def __init__(self, path: Path) -> None:
        self.path, self.keys, self.rows = path, list[str](), list[dict[str, Any]]()

    def log_metrics(self, metrics: dict[str, Any], step: int) -> None:
        """Add a row and save it."""
        row = {"step": step, **metrics}
        new = [key for key in row if key not in self.keys]
        self.keys = sorted([*self.keys, *new])
        self.rows.append(row)
        with self.path.open("w" if new else "a", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=self.keys)
            if new:
                writer.writeheader()
            writer.writerows(self.rows if new else [row])


logger = CSVLogger(args.out / "metrics.csv")
for step in range(1, 7):
    logger.log_metrics({"train_loss": 10.0 + step}, step)
    time.sleep(0.15)
    if step % 2 == 0:
        logger.log_metrics({"val_loss": args.lr / step, "epoch": step // 2}, step)
for fold in (1, 2):
    with (args.out / "folds.jsonl").open("w") as file:
        for step in range(1, 4):
            print(json.dumps({"step": step, "fold_loss": fold + step / 10}), file=file, flush=True)
    time.sleep(0.4)
