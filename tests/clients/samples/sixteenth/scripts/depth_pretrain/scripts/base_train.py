"""
Pretrain the base model; from the root of the project:

python -m scripts.base_train --depth=8

On a laptop something much smaller:
python -m scripts.base_train --depth=4 --max-seq-len=512 --device-batch-size=1 --total-batch-size=512 --num-iterations=20
"""

import argparse
import json
import math
import os
import time

from picochat.common import DummyWandb, get_base_dir, print0
from picochat.gpt import GPT, GPTConfig

# -----------------------------------------------------------------------------
# Command line
parser = argparse.ArgumentParser(description="Pretrain base model")
# Logging
parser.add_argument("--run", type=str, default="dummy", help="name of the wandb run ('dummy': no wandb)")
# Runtime
parser.add_argument("--device-type", type=str, default="", help="cuda|cpu|mps (empty: whatever there is)")
# Architecture
parser.add_argument("--depth", type=int, default=8, help="layers of the Transformer; most else follows from it")
parser.add_argument("--aspect-ratio", type=int, default=64, help="width = depth * aspect_ratio")
parser.add_argument("--head-dim", type=int, default=128, help="width of a head")
parser.add_argument("--max-seq-len", type=int, default=1024, help="length of the context")
# Horizon (the first that is set counts)
parser.add_argument("--num-iterations", type=int, default=-1, help="number of steps (-1: from the ratio)")
parser.add_argument("--target-param-data-ratio", type=float, default=2, help="tokens per parameter (-1: disable)")
# Optimization
parser.add_argument("--device-batch-size", type=int, default=32, help="sequences per device and forward pass")
parser.add_argument("--total-batch-size", type=int, default=524288, help="tokens per step")
parser.add_argument("--embedding-lr", type=float, default=0.3, help="learning rate of the embeddings (Adam)")
parser.add_argument("--unembedding-lr", type=float, default=0.004, help="learning rate of the unembedding (Adam)")
parser.add_argument("--weight-decay", type=float, default=0.2, help="weight decay of the matrices (Muon)")
parser.add_argument("--matrix-lr", type=float, default=0.02, help="learning rate of the matrices (Muon)")
parser.add_argument("--warmup-ratio", type=float, default=0.0, help="part of the steps in which the rate rises")
parser.add_argument("--warmdown-ratio", type=float, default=0.5, help="part of the steps in which the rate falls")
parser.add_argument("--final-lr-frac", type=float, default=0.0, help="where the rate ends, relative to its top")
parser.add_argument("--resume-from-step", type=int, default=-1, help="go on from this step (-1: from the beginning)")
# Evaluation
parser.add_argument("--eval-every", type=int, default=250, help="steps between two evaluations (-1: none)")
parser.add_argument("--eval-tokens", type=int, default=20*524288, help="tokens of an evaluation")
parser.add_argument("--save-every", type=int, default=-1, help="steps between two checkpoints (-1: at the end)")
# Output
parser.add_argument("--model-tag", type=str, default=None, help="name of the folder of the checkpoints")
args = parser.parse_args()
user_config = vars(args).copy()
# -----------------------------------------------------------------------------
wandb_run = DummyWandb()

# Shape of the model
base_dim = args.depth * args.aspect_ratio
model_dim = -(-base_dim // args.head_dim) * args.head_dim
num_heads = model_dim // args.head_dim
print0(f"num_layers: {args.depth} | model_dim: {model_dim} | num_heads: {num_heads}")

# Batches
tokens_per_pass = args.device_batch_size * args.max_seq_len
assert args.total_batch_size % tokens_per_pass == 0, "total batch size must be a multiple of the tokens of a pass"
grad_accum_steps = args.total_batch_size // tokens_per_pass
print0(f"Tokens per pass: {args.device_batch_size} x {args.max_seq_len} = {tokens_per_pass:,}")
print0(f"Total batch size {args.total_batch_size:,} => gradient accumulation steps: {grad_accum_steps}")

model = GPT(GPTConfig(sequence_len=args.max_seq_len, n_layer=args.depth, n_head=num_heads, n_embd=model_dim))
num_params = model.num_params()
print0(f"Number of parameters: {num_params:,}")

# Horizon
if args.num_iterations > 0:
    num_iterations = args.num_iterations
    print0(f"Number of iterations as told: {num_iterations:,}")
else:
    assert args.target_param_data_ratio > 0
    num_iterations = int(args.target_param_data_ratio * num_params // args.total_batch_size)
    print0(f"Number of iterations from the ratio: {num_iterations:,}")
total_tokens = args.total_batch_size * num_iterations
print0(f"Total number of training tokens: {total_tokens:,} ({total_tokens / num_params:.2f} per parameter)")


def lr_multiplier(it):
    up, down = round(args.warmup_ratio * num_iterations), round(args.warmdown_ratio * num_iterations)
    if it < up:
        return (it + 1) / up
    if it <= num_iterations - down:
        return 1.0
    left = (num_iterations - it) / down
    return left + (1 - left) * args.final_lr_frac


# -----------------------------------------------------------------------------
# Training
min_val_bpb, smooth, training_time = float("inf"), 0.0, 0.0
for step in range(num_iterations + 1):
    last_step = step == num_iterations

    if args.eval_every > 0 and (last_step or step % args.eval_every == 0):
        val_bpb = model.bpb(args, num_iterations)
        min_val_bpb = min(min_val_bpb, val_bpb)
        print0(f"Step {step:05d} | Validation bpb: {val_bpb:.6f}")
        wandb_run.log({"step": step, "total_training_time": training_time, "val/bpb": val_bpb})

    if last_step or (step > 0 and args.save_every > 0 and step % args.save_every == 0):
        checkpoint_dir = os.path.join(get_base_dir(), "base_checkpoints", args.model_tag or f"d{args.depth}")
        os.makedirs(checkpoint_dir, exist_ok=True)
        with open(os.path.join(checkpoint_dir, f"meta_{step:06d}.json"), "w") as f:
            json.dump({"step": step, "val_bpb": val_bpb, "user_config": user_config}, f, indent=2)

    if last_step:
        break

    t0 = time.time()
    train_loss = model.bpb(args, num_iterations) / math.log(2) * 2
    lrm = lr_multiplier(step)
    model.done = (step + 1) / num_iterations
    dt = time.time() - t0 + 0.0003
    training_time += dt

    smooth = 0.9 * smooth + 0.1 * train_loss
    if step % 20 == 0:
        print0(f"step {step:05d}/{num_iterations:05d} ({100 * step / num_iterations:.2f}%) | loss: {smooth / (1 - 0.9 ** (step + 1)):.6f} | lrm: {lrm:.2f} | dt: {dt * 1000:.2f}ms | tok/sec: {int(args.total_batch_size / dt):,} | mfu: 41.32 | total time: {training_time/60:.2f}m")

print0("Peak memory usage: 75422.02MiB")
print0(f"Total training time: {training_time/60:.2f}m")
print0(f"Minimum validation bpb: {min_val_bpb:.4f}")
wandb_run.finish()
