import csv
import logging
import os
from collections import OrderedDict


class AverageMeter:
    """Keeps the current value and the average."""

    def __init__(self):
        self.val = self.avg = self.sum = self.count = 0

    def update(self, val, n=1):
        self.val = val
        self.sum += val * n
        self.count += n
        self.avg = self.sum / self.count


def setup_default_logging():
    logging.basicConfig(level=logging.INFO, format="%(message)s")


def get_outdir(path, *paths):
    outdir = os.path.join(path, *paths)
    os.makedirs(outdir, exist_ok=True)
    return outdir


def update_summary(epoch, train_metrics, eval_metrics, filename, write_header=False):
    row = OrderedDict(epoch=epoch)
    row.update([("train_" + k, v) for k, v in train_metrics.items()])
    row.update([("eval_" + k, v) for k, v in eval_metrics.items()])
    with open(filename, mode="a") as cf:
        dw = csv.DictWriter(cf, fieldnames=row.keys())
        if write_header:
            dw.writeheader()
        dw.writerow(row)
