"""argparse; prints log lines, and what it was given."""

import argparse
import json

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
parser.add_argument("--batch_size", type=int, default=8)
parser.add_argument("--amp", action="store_true")
parser.add_argument("--layers", type=int, nargs="+", default=[1])
parser.add_argument("--schedule", default="constant")
args = parser.parse_args()
print("settings " + json.dumps(vars(args)))
for epoch in (1, 2):
    for step in (5, 10):
        print(f"Epoch [{epoch}/2], Step [{step}/10], Loss: {1 / (10 * (epoch - 1) + step):.4f}")
print(f"Validation loss: {args.lr:.6f}")
