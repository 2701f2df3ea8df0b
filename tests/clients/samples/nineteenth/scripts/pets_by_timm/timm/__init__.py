"""A small stand-in for the parts of timm that a training script uses."""
import csv
import os

from torch import nn, optim
from torch._state import STATE, Tensor, measure

STATE.options = {}


def create_model(name, pretrained=False, num_classes=1000, drop_rate=0.0, **kwargs):
    STATE.options["drop"] = drop_rate
    return nn.Module()


def create_optimizer(args, model):
    return optim.SGD(model.parameters(), lr=args.lr, momentum=args.momentum, weight_decay=args.weight_decay)


class LabelSmoothingCrossEntropy(nn.Module):
    def __init__(self, smoothing=0.1):
        STATE.options["smoothing"] = smoothing

    def forward(self, x, target):
        return Tensor(measure("loss"), x.n)


class AverageMeter:
    def __init__(self):
        self.val = self.avg = self.sum = self.count = 0

    def update(self, val, n=1):
        self.val, self.sum, self.count = val, self.sum + val * n, self.count + n
        self.avg = self.sum / self.count


def accuracy(output, target, topk=(1,)):
    top1 = 100 * measure("accuracy")
    return Tensor(top1), Tensor(100 - (100 - top1) / 4)


def update_summary(epoch, train_metrics, eval_metrics, filename, write_header=False):
    row = {"epoch": epoch, **{f"train_{k}": v for k, v in train_metrics.items()}, **{f"eval_{k}": v for k, v in eval_metrics.items()}}
    with open(filename, "a") as f:
        writer = csv.DictWriter(f, fieldnames=row.keys())
        if write_header:
            writer.writeheader()
        writer.writerow(row)


def get_outdir(*path):
    folder = os.path.join(*path)
    os.makedirs(folder, exist_ok=True)
    return folder
