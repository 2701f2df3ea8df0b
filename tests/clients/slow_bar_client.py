"""A bar that is drawn every ten seconds beside printed values, several in one line, one line drawn twice."""

import argparse
import sys

from tqdm import tqdm

parser = argparse.ArgumentParser()
parser.add_argument("--best", type=float)
best = parser.parse_args().best
bar = tqdm(range(6), mininterval=10, file=sys.stdout)
for number, _ in enumerate(bar):
    print(f"validation loss: {best if number == 2 else 0.99 - number / 100:.4f}", flush=True)
print("fold 1 val_loss: 0.71 | fold 2 val_loss: 0.72", flush=True)
print("val_loss: 0.73\nval_loss: 0.73", flush=True)
