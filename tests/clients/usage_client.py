"""Does not know the parameter that it is given."""

import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
parser.add_argument("--rank", type=int, default=1)
parser.add_argument("--width", type=int, default=4)
args = parser.parse_args()
if args.rank > args.width:
    parser.error("--rank must be at most --width")
print(f"val_loss: {args.rank / args.width}")
