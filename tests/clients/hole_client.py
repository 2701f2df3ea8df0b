"""Keeps one checkpoint, and prints what it measured only after it has saved: killed between, its points are lost."""

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
lines = []
for step in range(first + 1, 13):
    lines.append(f"step {step} val_loss {args.lr / step:.6f}")
    if step % 4 == 0:
        (args.out / f"checkpoint-{step}").write_text(str(step))
        for other in args.out.glob("checkpoint-*"):
            if other.name != f"checkpoint-{step}":
                other.unlink()
        if args.attempt == 1 and step == 8:
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
        print(*lines, sep="\n", flush=True)
        lines.clear()
        if args.attempt == 1:
            time.sleep(0.6)  # long enough for the worker to hear it
