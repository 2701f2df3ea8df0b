"""A small stand-in for ultralytics: a training is a formula, with the table, the files and the words of the real one."""
import csv
import math
import sys
from pathlib import Path
from types import SimpleNamespace

from tqdm import tqdm

DEFAULTS = dict(epochs=100, imgsz=640, batch=16, lr0=0.01, lrf=0.01, momentum=0.937, weight_decay=0.0005, warmup_epochs=3.0,
                mosaic=1.0, mixup=0.0, dropout=0.0, optimizer="auto", project="runs/detect", name="train", exist_ok=False,
                data=None, device=None, seed=0, patience=100, workers=8, cos_lr=False, close_mosaic=10)


def _log(text):
    print(text, file=sys.stderr)


class YOLO:
    def __init__(self, model="yolo11n.pt"):
        self.model = model

    def _map(self, epoch):
        a = self.args
        fall = abs(math.log10(a.lr0) + 2.3) / 6 + abs(a.momentum - 0.9) + 20 * abs(a.weight_decay - 0.001) + 60 / a.imgsz
        fall += abs(a.mosaic - 0.5) / 10 + abs(a.mixup - 0.1) / 5 + a.batch / 800 + abs(a.warmup_epochs - 2) / 200
        return 0.75 - fall - 0.4 / (1 + epoch)

    def _line(self, score, images=128, objects=929):
        return f"{'all':>22}{images:>11}{objects:>11}{score + 0.2:>11.3g}{score + 0.1:>11.3g}{score + 0.17:>11.3g}{score:>11.3g}"

    def _heading(self):
        return ("%22s" + "%11s" * 6) % ("Class", "Images", "Instances", "Box(P", "R", "mAP50", "mAP50-95)")

    def train(self, **kwargs):
        self.args = a = SimpleNamespace(**{**DEFAULTS, **kwargs})
        folder, n = Path(a.project) / a.name, 2
        while folder.exists() and not a.exist_ok:
            folder, n = Path(a.project) / f"{a.name}{n}", n + 1
        (folder / "weights").mkdir(parents=True, exist_ok=True)
        self.folder = folder
        _log("Ultralytics 8.3.40 🚀 Python-3.11.7 torch-2.6.0 CPU")
        _log("engine/trainer: task=detect, mode=train, " + ", ".join(f"{k}={v}" for k, v in vars(a).items()))
        _log(f"Logging results to {folder}\nStarting training for {a.epochs} epochs...")
        names = ["epoch", "time", "train/box_loss", "train/cls_loss", "train/dfl_loss", "metrics/precision(B)", "metrics/recall(B)",
                 "metrics/mAP50(B)", "metrics/mAP50-95(B)", "val/box_loss", "val/cls_loss", "val/dfl_loss", "lr/pg0"]
        with open(folder / "results.csv", "w", newline="") as f:
            table = csv.writer(f)
            table.writerow(names)
            for epoch in range(1, a.epochs + 1):
                score = self._map(epoch)
                _log(("\n" + "%11s" * 7) % ("Epoch", "GPU_mem", "box_loss", "cls_loss", "dfl_loss", "Instances", "Size"))
                row = ("%11s" * 2 + "%11.4g" * 5) % (f"{epoch}/{a.epochs}", "0G", 1.8 - score, 2 - score, 1.5 - score / 2, 47, a.imgsz)
                for _ in tqdm(range(4), desc=row, bar_format="{l_bar}{bar:10}{r_bar}"):
                    pass
                for _ in tqdm(range(2), desc=self._heading(), bar_format="{l_bar}{bar:10}{r_bar}"):
                    pass
                _log(self._line(score))
                table.writerow([epoch, 0.01 * epoch] + [f"{v:.5f}" for v in (
                    1.8 - score, 2 - score, 1.5 - score / 2, score + 0.2, score + 0.1, score + 0.17, score,
                    1.9 - score, 2.1 - score, 1.6 - score / 2, a.lr0)])
        for name in ("last.pt", "best.pt"):
            (folder / "weights" / name).write_text(str(self._map(a.epochs)))
        _log(f"\n{a.epochs} epochs completed in 0.001 hours.")
        return self.val()

    def val(self):
        score = self._map(self.args.epochs)
        _log(f"\nValidating {self.folder / 'weights' / 'best.pt'}...")
        _log(self._heading())
        _log(self._line(score))
        _log(f"Results saved to {self.folder}")
        return SimpleNamespace(box=SimpleNamespace(map=score, map50=score + 0.17, mp=score + 0.2, mr=score + 0.1), save_dir=self.folder)
