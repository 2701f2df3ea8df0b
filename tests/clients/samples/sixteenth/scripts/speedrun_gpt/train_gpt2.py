import os
import sys
with open(sys.argv[0]) as f:
    code = f.read() # for the log, before somebody edits the file
import uuid
import math
import time
from dataclasses import dataclass

# -----------------------------------------------------------------------------
# The main GPT-2 model

@dataclass
class GPTConfig:
    vocab_size : int = 50304
    n_layer : int = 12
    n_head : int = 6
    n_embd : int = 768

class GPT:

    def __init__(self, config):
        self.config = config
        self.progress = 0.0

    def __call__(self, args, momentum):
        c, a = self.config, args
        loss = 2.9 + 1.2 / c.n_layer + 60 / c.n_embd + 0.01 * abs(c.n_head - 6)
        loss += abs(math.log10(a.learning_rate) + 2.2) / 3 + 0.05 * a.weight_decay + 20 / a.sequence_length
        loss += abs(math.log2(a.batch_size / 64)) / 20 + abs(momentum - 0.96)
        loss += abs(a.warmdown_iters / a.num_iterations - 0.3) / 5 + a.warmup_iters / 5000 + 30 / a.num_iterations
        return loss + 7.0 * (1 - self.progress) ** 4

class Muon:

    def __init__(self, model, lr=0.02, momentum=0.95, nesterov=True):
        self.model, self.lr, self.momentum = model, lr, momentum

    def step(self, progress):
        self.model.progress = progress

# -----------------------------------------------------------------------------
# int main

@dataclass
class Hyperparameters:
    # data hyperparams
    input_bin : str = 'data/fineweb10B/fineweb_train_*.bin' # shards for training
    input_val_bin : str = 'data/fineweb10B/fineweb_val_*.bin' # shards for validation
    # optimization hyperparams
    batch_size : int = 8*64 # sequences per step
    device_batch_size : int = 64 # sequences per step and device
    sequence_length : int = 1024 # tokens
    num_iterations : int = 500 # steps
    learning_rate : float = 0.0036
    warmup_iters : int = 0
    warmdown_iters : int = 100 # steps in which the rate falls
    weight_decay : float = 0
    # evaluation and logging hyperparams
    val_loss_every : int = 125 # steps between evaluations, 0: only at the end
    val_tokens : int = 10485760 # tokens of an evaluation
    save_every : int = 0 # steps between checkpoints, 0: only at the end
args = Hyperparameters()

# convenience variables
B, T = args.device_batch_size, args.sequence_length
assert args.batch_size % B == 0
train_accumulation_steps = args.batch_size // B

model = GPT(GPTConfig(vocab_size=50304, n_layer=12, n_head=6, n_embd=768))
optimizer = Muon(model, lr=0.1*args.learning_rate, momentum=0.95)

# the rate rises, stays and falls
def get_lr(it):
    if it < args.warmup_iters:
        return (it+1) / args.warmup_iters
    elif it < args.num_iterations - args.warmdown_iters:
        return 1.0
    else:
        return (args.num_iterations - it) / args.warmdown_iters

# begin logging
run_id = str(uuid.uuid4())
logdir = 'logs/%s/' % run_id
os.makedirs(logdir, exist_ok=True)
logfile = 'logs/%s.txt' % run_id
with open(logfile, "w") as f:
    f.write('='*100 + '\n')
    f.write(code)
    f.write('='*100 + '\n')
    f.write(f"Running python {sys.version.split()[0]}\n")
    f.write('='*100 + '\n')

training_time_ms = 0
t0 = time.time()
for step in range(args.num_iterations + 1):
    last_step = (step == args.num_iterations)
    timed_steps = float('nan') if step <= 11 else (step - 10) + 1

    if (last_step or (args.val_loss_every > 0 and step % args.val_loss_every == 0)):
        training_time_ms += 1000 * (time.time() - t0)
        val_loss = model(args, optimizer.momentum)
        print(f'step:{step}/{args.num_iterations} val_loss:{val_loss:.4f} train_time:{training_time_ms:.0f}ms step_avg:{training_time_ms/(timed_steps-1):.2f}ms')
        with open(logfile, "a") as f:
            f.write(f'step:{step}/{args.num_iterations} val_loss:{val_loss:.4f} train_time:{training_time_ms:.0f}ms step_avg:{training_time_ms/(timed_steps-1):.2f}ms\n')
        t0 = time.time()

    if last_step:
        break

    for i in range(1, train_accumulation_steps+1):
        train_loss = model(args, optimizer.momentum) - 0.03
    lr_mult = get_lr(step)
    optimizer.step((step + 1) / args.num_iterations)

    approx_time = training_time_ms + 1000 * (time.time() - t0)
    if step % 10 == 0:
        print(f"step:{step+1}/{args.num_iterations} train_loss:{train_loss:.4f} train_time:{approx_time:.0f}ms step_avg:{approx_time/timed_steps:.2f}ms")
        with open(logfile, "a") as f:
            f.write(f"step:{step+1}/{args.num_iterations} train_loss:{train_loss:.4f} train_time:{approx_time:.0f}ms step_avg:{approx_time/timed_steps:.2f}ms\n")

print("peak memory consumption: 29113 MiB")
