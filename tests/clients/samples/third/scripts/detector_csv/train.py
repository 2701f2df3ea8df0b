"""Train a detector; results.csv as the public one has it."""
import argparse
import os
from pathlib import Path


def parse_opt(known=False):
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", type=str, default="yolov5s.pt", help="initial weights path")
    parser.add_argument("--epochs", type=int, default=3, help="total training epochs")
    parser.add_argument("--batch-size", type=int, default=16, help="total batch size for all GPUs, -1 for autobatch")
    parser.add_argument("--imgsz", "--img", "--img-size", type=int, default=640, help="train, val image size (pixels)")
    parser.add_argument("--lr0", type=float, default=0.01)
    parser.add_argument("--rect", action="store_true", help="rectangular training")
    parser.add_argument("--resume", nargs="?", const=True, default=False, help="resume most recent training")
    parser.add_argument("--cache", type=str, nargs="?", const="ram", help="image --cache ram/disk")
    parser.add_argument("--optimizer", type=str, choices=["SGD", "Adam", "AdamW"], default="SGD", help="optimizer")
    parser.add_argument("--project", default="runs/train", help="save to project/name")
    parser.add_argument("--name", default="exp", help="save to project/name")
    parser.add_argument("--freeze", nargs="+", type=int, default=[0], help="Freeze layers: backbone=10, first3=0 1 2")
    return parser.parse_known_args()[0] if known else parser.parse_args()


def main(opt):
    save_dir = Path(opt.project) / opt.name
    os.makedirs(save_dir, exist_ok=True)
    keys = ["train/box_loss", "train/obj_loss", "metrics/precision", "metrics/recall", "metrics/mAP_0.5", "metrics/mAP_0.5:0.95", "val/box_loss", "x/lr0"]
    print(("\n" + "%11s" * 5) % ("Epoch", "GPU_mem", "box_loss", "Instances", "Size"))
    for epoch in range(opt.epochs):
        m = 0.9 - abs(opt.lr0 - 0.02) * 10 - 1 / opt.imgsz - 0.1 * opt.rect - 1 / (10 * opt.batch_size) - 0.01 * len(opt.freeze) - 0.02 * (opt.optimizer != "SGD") - 0.1 / (epoch + 1)
        vals = [0.1, 0.2, 0.5, 0.5, m, m / 2, 0.1 / (epoch + 1), opt.lr0]
        file = save_dir / "results.csv"
        n = len(vals) + 1
        s = "" if file.exists() else (("%20s," * n % tuple(["epoch", *keys])).rstrip(",") + "\n")  # header
        with open(file, "a") as f:
            f.write(s + ("%20.5g," * n % tuple([epoch, *vals])).rstrip(",") + "\n")
        print(("%11s" * 2 + "%11.4g" * 3) % (f"{epoch}/{opt.epochs - 1}", "0G", 0.1, 12, opt.imgsz))
        print(("%22s" + "%11s" * 6) % ("Class", "Images", "Instances", "P", "R", "mAP50", "mAP50-95"))
        print(("%22s" + "%11i" * 2 + "%11.3g" * 4) % ("all", 128, 929, 0.5, 0.5, m, m / 2))


if __name__ == "__main__":
    main(parse_opt())
