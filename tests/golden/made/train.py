"""A script of somebody's own: argparse in, printed lines out."""

import argparse
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--learning_rate", type=float, default=1e-3)
parser.add_argument("--batch_size", type=int, default=8)
parser.add_argument("--amp", action="store_true")
parser.add_argument("--optimizer", choices=["adam", "sgd", "broken"], default="adam")
args = parser.parse_args()
if args.optimizer == "broken":
    sys.exit("ValueError: this optimizer is broken")
for epoch in range(1, 4):
    for step in (5, 10):
        print(f"Epoch [{epoch}/3], Step [{step}/10], Loss: {10 * args.learning_rate + 1 / (10 * epoch + step):.4f}")
    print(f"Validation loss: {abs(args.learning_rate - 0.01) * 10 + args.batch_size / 100 + 1 / epoch:.6f}")
