"""Two processes that print the same metric with different values; one of them may fail while the other waits."""

import argparse
import sys

import torch.distributed as dist

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--fail", type=int, default=-1)
args = parser.parse_args()
dist.init_process_group("gloo")
rank = dist.get_rank()
for step in range(1, 6):
    sys.stdout.write(f"step {step} val_loss={args.lr / step + rank / 10:.4f}\n")
    sys.stdout.flush()
    if step == 4 and rank == args.fail:
        raise ValueError(f"bad batch on rank {rank}")
    dist.barrier()
dist.destroy_process_group()
