"""Two processes that print the same metric with different values; one of them may fail while the other waits.

With `--hold` both say who they are and wait to be ended.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import torch.distributed as dist

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--fail", type=int, default=-1)
parser.add_argument("--hold", type=Path)
args = parser.parse_args()
dist.init_process_group("gloo")
rank = dist.get_rank()
if args.hold is not None:
    dist.barrier()
    (args.hold / f"rank{rank}").write_text(str(os.getpid()))
    time.sleep(600)
for step in range(1, 6):
    sys.stdout.write(f"step {step} val_loss={args.lr / step + rank / 10:.4f}\n")
    sys.stdout.flush()
    if step == 4 and rank == args.fail:
        raise ValueError(f"bad batch on rank {rank}")
    dist.barrier()
dist.destroy_process_group()
