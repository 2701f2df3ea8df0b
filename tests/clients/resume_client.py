"""Saves a checkpoint every step, and goes on from one: its own way, its own flag."""

import argparse
import time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--out", type=Path)
parser.add_argument("--lr", type=float)
parser.add_argument("--steps", type=int, default=40)
parser.add_argument("--resume-from", type=Path)
args = parser.parse_args()
first = int(args.resume_from.read_text()) if args.resume_from else 0
for step in range(first + 1, args.steps + 1):
    print(f"step {step}/{args.steps} val_loss {args.lr / step:.6f}", flush=True)
    (args.out / f"checkpoint-{step}").write_text(str(step))
    time.sleep(0.05)
