#!/usr/bin/env python3
"""Train a YOLO11 model that finds people without a helmet."""
import argparse

from ultralytics import YOLO


def parse_args():
    p = argparse.ArgumentParser()
    p.add_argument("--model", default="yolo11n.pt", help="weights to start from")
    p.add_argument("--data", default="data.yaml")
    p.add_argument("--epochs", type=int, default=10)
    p.add_argument("--imgsz", type=int, default=640)
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--lr0", type=float, default=0.01)
    p.add_argument("--lrf", type=float, default=0.01)
    p.add_argument("--momentum", type=float, default=0.937)
    p.add_argument("--weight-decay", type=float, default=0.0005)
    p.add_argument("--warmup-epochs", type=float, default=3.0)
    p.add_argument("--mosaic", type=float, default=1.0)
    p.add_argument("--mixup", type=float, default=0.0)
    p.add_argument("--device", default="cpu")
    p.add_argument("--project", default="runs/detect")
    p.add_argument("--name", default="helmets")
    return p.parse_args()


def main():
    args = parse_args()

    model = YOLO(args.model)
    model.train(
        data=args.data,
        epochs=args.epochs,
        imgsz=args.imgsz,
        batch=args.batch,
        lr0=args.lr0,
        lrf=args.lrf,
        momentum=args.momentum,
        weight_decay=args.weight_decay,
        warmup_epochs=args.warmup_epochs,
        mosaic=args.mosaic,
        mixup=args.mixup,
        device=args.device,
        project=args.project,
        name=args.name,
    )

    metrics = model.val()
    print("\n=== Validation results ===")
    print(f"mAP50-95:  {metrics.box.map:.4f}")
    print(f"mAP50:     {metrics.box.map50:.4f}")
    print(f"Precision: {metrics.box.mp:.4f}")
    print(f"Recall:    {metrics.box.mr:.4f}")
    print(f"Best model: {metrics.save_dir}/weights/best.pt")


if __name__ == "__main__":
    main()
