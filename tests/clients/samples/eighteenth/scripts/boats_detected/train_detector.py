#!/usr/bin/env python3
"""Trains a RetinaNet on boats in aerial pictures.

Example: ./train_detector.py --data data/boats --epochs 12 --lr 0.005
"""
import argparse
import datetime
import time
from pathlib import Path

import torch
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from coco_eval import MeanAveragePrecision
from detector import Retina


class Boats(Dataset):
    def __init__(self, root, split):
        self.root, self.size = Path(root), {"train": 160, "val": 32}[split]

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return [0.0], {"boxes": [[0, 0, 1, 1]], "labels": [1]}


def get_args_parser(add_help=True):
    parser = argparse.ArgumentParser(description="Boat detection", add_help=add_help)
    parser.add_argument("--data", default="data/boats", type=str, help="dataset path")
    parser.add_argument("--device", default="cpu", type=str, help="device (cuda or cpu)")
    parser.add_argument("-b", "--batch-size", default=4, type=int, help="images per GPU")
    parser.add_argument("--epochs", default=6, type=int, metavar="N", help="number of total epochs to run")
    parser.add_argument("-j", "--workers", default=0, type=int, metavar="N", help="number of data loading workers")
    parser.add_argument("--lr", default=0.005, type=float, help="initial learning rate")
    parser.add_argument("--momentum", default=0.9, type=float, metavar="M", help="momentum")
    parser.add_argument("--wd", "--weight-decay", default=1e-4, type=float, metavar="W", help="weight decay", dest="weight_decay")
    parser.add_argument("--lr-step-size", default=4, type=int, help="decrease lr every step-size epochs")
    parser.add_argument("--lr-gamma", default=0.1, type=float, help="decrease lr by a factor of lr-gamma")
    parser.add_argument("--focal-gamma", default=2.0, type=float, help="exponent of the focal loss")
    parser.add_argument("--score-thresh", default=0.05, type=float)
    parser.add_argument("--print-freq", default=20, type=int, help="print frequency")
    parser.add_argument("--output-dir", default="runs/boats", type=str, help="path to save outputs")
    return parser


def train_one_epoch(model, optimizer, loader, epoch, args):
    model.train()
    total = 0.0
    for i, (images, targets) in enumerate(tqdm(loader, desc=f"Epoch {epoch}", leave=False)):
        loss_dict = model(images, targets)
        losses = sum(loss for loss in loss_dict.values())
        optimizer.zero_grad()
        losses.backward()
        optimizer.step()
        total += losses.item()
        if i % args.print_freq == 0:
            parts = "  ".join(f"loss_{name}: {loss.item():.4f}" for name, loss in loss_dict.items())
            tqdm.write(f"Epoch: [{epoch}]  [{i:3d}/{len(loader)}]  lr: {optimizer.param_groups[0]['lr']:.6f}  loss: {losses.item():.4f}  {parts}")
    return total / len(loader)


def evaluate(model, loader):
    model.eval()
    metric = MeanAveragePrecision()
    for images, targets in loader:
        with torch.no_grad():
            metric.update(model(images), targets)
    return metric.compute()


def main(args):
    out = Path(args.output_dir)
    out.mkdir(parents=True, exist_ok=True)
    print(args)
    train_loader = DataLoader(Boats(args.data, "train"), batch_size=args.batch_size, shuffle=True, num_workers=args.workers)
    val_loader = DataLoader(Boats(args.data, "val"), batch_size=1, num_workers=args.workers)

    model = Retina(2, args.focal_gamma, args.score_thresh).to(args.device)
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=args.momentum, weight_decay=args.weight_decay)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=args.lr_step_size, gamma=args.lr_gamma)

    print("Start training")
    start_time, best = time.time(), 0.0
    for epoch in range(args.epochs):
        loss = train_one_epoch(model, optimizer, train_loader, epoch, args)
        scheduler.step()
        result = evaluate(model, val_loader)
        print(f"Epoch {epoch}: train loss {loss:.4f}, val mAP {result['map']:.4f}, mAP50 {result['map_50']:.4f}, mAP75 {result['map_75']:.4f}")
        if result["map"] > best:
            best = result["map"]
            torch.save({"model": model.state_dict(), "epoch": epoch, "args": args}, out / "best.pth")
    print(f"Training time {datetime.timedelta(seconds=int(time.time() - start_time))}")
    print(f"Best val mAP {best:.4f}")


if __name__ == "__main__":
    main(get_args_parser().parse_args())
