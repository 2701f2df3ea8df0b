import os
import sys
with open(sys.argv[0]) as f:
    code = f.read() # read the code of this file ASAP, for logging
import uuid
import time
from dataclasses import dataclass

# -----------------------------------------------------------------------------
# Muon optimizer

class Muon:
    """
    Momentum that is orthogonalized
    """
    def __init__(self, params, lr=0.02, weight_decay=0.01, momentum=0.95, rank=0, world_size=1):
        self.rank = rank
        self.world_size = world_size
        self.param_groups = [dict(params=params, lr=lr, weight_decay=weight_decay, momentum=momentum)]

    def step(self):
        pass

class Adam:
    def __init__(self, params, betas=(0.9, 0.999), eps=1e-8, fused=False):
        self.param_groups = [dict(group, betas=betas, eps=eps) for group in params]

    def step(self):
        pass

# -----------------------------------------------------------------------------
# The main model

class GPT:
    def __init__(self, vocab_size: int, num_layers: int, num_heads: int, model_dim: int, max_seq_len: int):
        self.num_layers, self.model_dim = num_layers, model_dim
        self.max_seq_len = max_seq_len
        self.steps = 0

    def loss(self, muon_lr, cooldown_frac):
        return 2.5 + abs(muon_lr * 20 - 2) / 2 + abs(cooldown_frac - 0.5) + 2 / (self.steps + 1)

# -----------------------------------------------------------------------------
# int main

@dataclass
class Hyperparameters:
    # data
    train_files = "data/fineweb10B/fineweb_train_*.bin" # input .bin to train on
    val_files = "data/fineweb10B/fineweb_val_*.bin" # input .bin to eval validation loss on
    val_tokens = 10485760 # how many tokens of validation data? it's important to keep this fixed for consistent comparisons
    train_seq_len = 48*1024 # sequence length
    val_seq_len = 4*64*1024 # sequence length for validation
    # optimization
    num_iterations = 20 # number of iterations to run
    cooldown_frac = 0.4 # fraction of training spent cooling down the learning rate
    # architecture
    vocab_size = 50257
    # evaluation and logging
    val_loss_every = 5 # every how many steps to evaluate val loss? 0 for only at the end
    save_checkpoint = False
args = Hyperparameters()

# torchrun sets these env variables
rank = int(os.environ.get("RANK", "0"))
world_size = int(os.environ.get("WORLD_SIZE", "1"))
master_process = (rank == 0) # this process will do logging, checkpointing etc.

# begin logging
logfile = None
if master_process:
    run_id = uuid.uuid4()
    os.makedirs("logs", exist_ok=True)
    logfile = f"logs/{run_id}.txt"
    print(logfile)
def print0(s, console=False):
    if master_process:
        with open(logfile, "a") as f:
            if console:
                print(s)
            print(s, file=f)

# begin by printing this file (the Python code)
print0(code)
print0("="*100)
# log information about the hardware/software environment this is running on
print0(f"Running Python {sys.version}")
print0("="*100)

########################################
#    Construct model and optimizer     #
########################################

model = GPT(vocab_size=args.vocab_size, num_layers=12, num_heads=6, model_dim=768,
            max_seq_len=max(args.train_seq_len, args.val_seq_len))

# collect the parameters to optimize
hidden_matrix_params = ["blocks"]
embed_params = ["embed"]
scalar_params = ["lambdas"]
head_params = ["lm_head"]

# init the optimizer(s)
adam_params = [dict(params=head_params, lr=0.22), dict(params=embed_params, lr=0.6), dict(params=scalar_params, lr=0.04)]
optimizer1 = Adam(adam_params, betas=(0.8, 0.95), eps=1e-10, fused=True)
optimizer2 = Muon(hidden_matrix_params, lr=0.05, momentum=0.95, rank=rank, world_size=world_size)
optimizers = [optimizer1, optimizer2]
for opt in optimizers:
    for group in opt.param_groups:
        group["initial_lr"] = group["lr"]

# learning rate schedule: stable then decay
def get_lr(step: int):
    x = step / args.num_iterations # progress in training
    assert 0 <= x < 1
    if x < 1 - args.cooldown_frac:
        return 1.0
    else:
        w = (1 - x) / args.cooldown_frac
        return w * 1.0 + (1 - w) * 0.1

########################################
#        Training and validation       #
########################################

training_time_ms = 0
# start the clock
t0 = time.perf_counter()
# begin training
train_steps = args.num_iterations
for step in range(train_steps + 1):
    last_step = (step == train_steps)

    # --------------- VALIDATION SECTION -----------------
    if last_step or (args.val_loss_every > 0 and step % args.val_loss_every == 0):
        # stop the clock
        training_time_ms += 1000 * (time.perf_counter() - t0)
        val_loss = model.loss(optimizer2.param_groups[0]["initial_lr"], args.cooldown_frac)
        print0(f"step:{step}/{train_steps} val_loss:{val_loss:.4f} train_time:{training_time_ms:.0f}ms step_avg:{training_time_ms/max(step, 1):.2f}ms", console=True)
        # start the clock again
        t0 = time.perf_counter()

    if last_step:
        if master_process and args.save_checkpoint:
            os.makedirs(f"logs/{run_id}", exist_ok=True)
        # the last step only has the validation loop, so break to avoid training
        break

    # --------------- TRAINING SECTION -----------------
    model.steps += 1
    # set optimization hyperparameters
    for opt in optimizers:
        for group in opt.param_groups:
            group["lr"] = group["initial_lr"] * get_lr(step)
    for group in optimizer2.param_groups:
        frac = min(step / 300, 1) # momentum warmup for muon
        group["momentum"] = (1 - frac) * 0.85 + frac * 0.95
    # step the optimizers
    for opt in optimizers:
        opt.step()
    # logging
    approx_training_time_ms = training_time_ms + 1000 * (time.perf_counter() - t0)
    print0(f"step:{step+1}/{train_steps} train_time:{approx_training_time_ms:.0f}ms step_avg:{approx_training_time_ms/(step + 1):.2f}ms", console=True)

print0("peak memory allocated: 1024 MiB reserved: 2048 MiB", console=True)
