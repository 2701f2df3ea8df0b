"""Saves every fourth step; its worker is killed in the first attempt, and again before the second has said anything."""

import argparse
import os
import signal
import time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--out", type=Path)
parser.add_argument("--lr", type=float)
parser.add_argument("--attempt", type=int)
parser.add_argument("--resume-from", type=Path)
args = parser.parse_args()
first = int(args.resume_from.read_text()) if args.resume_from else 0
if args.attempt == 2:
    os.kill(os.getppid(), signal.SIGKILL)
for step in range(first + 1, 13):
    print(f"step {step} val_loss {args.lr / step:.6f}", flush=True)
    if step % 4 == 0:
        (args.out / f"checkpoint-{step}").write_text(str(step))
    if args.attempt == 1 and step == 9:
        time.sleep(0.6)  # long enough for the worker to hear it
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
