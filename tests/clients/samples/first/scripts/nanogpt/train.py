"""A configurator in the manner of nanoGPT: module constants, overridden by `exec`."""
import math
import os

import configurator_note  # noqa: F401  a module beside it

# default config values
out_dir = "out"
eval_interval = 2
eval_iters = 20
log_interval = 1
eval_only = False
init_from = "scratch"
# wandb logging
wandb_log = False
wandb_project = "owt"
wandb_run_name = "gpt2"  # 'run' + str(time.time())
# data
dataset = "openwebtext"
batch_size = 12
block_size = 64
# model
n_layer = 4
n_head = 4
n_embd = 128
dropout = 0.0
bias = False
# adamw optimizer
learning_rate = 6e-4
max_iters = 6
weight_decay = 1e-1
beta1 = 0.9
beta2 = 0.95
grad_clip = 1.0
# system
device = "cpu"
compile = False
# -----------------------------------------------------------------------------
config_keys = [k for k, v in globals().items() if not k.startswith("_") and isinstance(v, (int, float, bool, str))]
exec(open("configurator.py").read())  # overrides from command line or config file
config = {k: globals()[k] for k in config_keys}
# -----------------------------------------------------------------------------


class Model:
    def __init__(self):
        self.config = type("Config", (), {"block_size": block_size, "n_layer": n_layer, "vocab_size": 65})()

    def crop_block_size(self, size):
        self.config.block_size = min(self.config.block_size, size)


model = Model()
if block_size < model.config.block_size:
    model.crop_block_size(block_size)
os.makedirs(out_dir, exist_ok=True)
if wandb_log:
    import wandb

    wandb.init(project=wandb_project, name=wandb_run_name, config=config)


def estimate_loss(iter_num):
    base = abs(math.log10(learning_rate) + 3) + dropout + 1 / n_layer + weight_decay
    return {"train": base / 2 + 1 / (iter_num + 1), "val": base + 1 / (iter_num + 1)}


for iter_num in range(max_iters + 1):
    if iter_num % eval_interval == 0:
        losses = estimate_loss(iter_num)
        print(f"step {iter_num}: train loss {losses['train']:.4f}, val loss {losses['val']:.4f}")
    if iter_num % log_interval == 0:
        lossf = estimate_loss(iter_num)["train"]
        print(f"iter {iter_num}: loss {lossf:.4f}, time 12.30ms, mfu 1.20%")
