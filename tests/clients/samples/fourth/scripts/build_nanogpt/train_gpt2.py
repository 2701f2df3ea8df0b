import math
import os
import time
from dataclasses import dataclass


@dataclass
class GPTConfig:
    block_size: int = 1024  # max sequence length
    vocab_size: int = 50257  # number of tokens
    n_layer: int = 12  # number of layers
    n_head: int = 12  # number of heads
    n_embd: int = 768  # embedding dimension


class GPT:
    def __init__(self, config):
        self.config = config


# -----------------------------------------------------------------------------
# simple launch: python train_gpt2.py
ddp = int(os.environ.get("RANK", -1)) != -1  # is this a ddp run?
master_process = True
device = "cpu"
print(f"using device: {device}")

total_batch_size = 65536  # 2**16, in number of tokens
B = 16  # micro batch size
T = 1024  # sequence length
assert total_batch_size % (B * T) == 0, "make sure total_batch_size is divisible by B * T"
grad_accum_steps = total_batch_size // (B * T)
if master_process:
    print(f"total desired batch size: {total_batch_size}")
    print(f"=> calculated gradient accumulation steps: {grad_accum_steps}")

# create model
model = GPT(GPTConfig(vocab_size=50304))

max_lr = 6e-4
min_lr = max_lr * 0.1
warmup_steps = 1
max_steps = 4
use_compile = False


def get_lr(it):
    # 1) linear warmup for warmup_iters steps
    if it < warmup_steps:
        return max_lr * (it + 1) / warmup_steps
    return min_lr


# create the log directory we will write checkpoints to and log to
log_dir = "log"
os.makedirs(log_dir, exist_ok=True)
log_file = os.path.join(log_dir, "log.txt")
with open(log_file, "w") as f:  # open for writing to clear the file
    pass

for step in range(max_steps):
    t0 = time.time()
    last_step = step == max_steps - 1
    loss_accum = abs(max_lr * 1000 - 1) + 1 / grad_accum_steps + 2 * use_compile + warmup_steps / 10 + 1 / (step + 1)
    # once in a while evaluate our validation loss
    if step % 2 == 0 or last_step:
        if master_process:
            print(f"validation loss: {loss_accum:.4f}")
            with open(log_file, "a") as f:
                f.write(f"{step} val {loss_accum:.4f}\n")
    dt = time.time() - t0
    tokens_per_sec = 1000.0
    if master_process:
        print(
            f"step {step:5d} | loss: {loss_accum + 1:.6f} | lr {get_lr(step):.4e} | norm: {0.5:.4f} | dt: {dt * 1000:.2f}ms | tok/sec: {tokens_per_sec:.2f}"
        )
        with open(log_file, "a") as f:
            f.write(f"{step} train {loss_accum + 1:.6f}\n")
