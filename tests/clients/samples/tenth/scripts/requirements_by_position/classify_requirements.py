"""A classifier of requirements, whose quality is arithmetic."""
import csv
import math
from dataclasses import dataclass
from pathlib import Path


@dataclass
class TrainResult:
    model_dir: Path
    mode: str
    train_size: int
    val_size: int
    val_accuracy: float
    val_f1_macro: float
    labels: list


def train_classifier(input_path, model_dir, epochs=8, batch_size=4, learning_rate=2e-5, force_finetune=False):
    with open(input_path) as f:
        rows = list(csv.DictReader(f))
    mode = "finetune" if force_finetune or len(rows) >= 100 else "head-only"
    accuracy = 0.95 - abs(math.log10(learning_rate) + 4) / 20 - 0.2 / batch_size - 0.4 / epochs
    accuracy -= 0.08 * (mode == "finetune")
    for epoch in range(1, epochs + 1):
        print(f"  epoch {epoch}/{epochs} done")
    model_dir.mkdir(parents=True, exist_ok=True)
    (model_dir / "label_map.json").write_text("{}")
    cut = int(0.8 * len(rows))
    labels = sorted({row["Classification"] for row in rows})
    return TrainResult(model_dir, mode, cut, len(rows) - cut, accuracy, accuracy - 0.02, labels)
