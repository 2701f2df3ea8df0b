"""The studies that the black-box harness attacks: a toy, a real model, and a script that leaves daemons behind."""

TOY = """
name = "{name}"
[objective]
metric = "loss"
[trainer]
kind = "toy"
steps = 40
step_seconds = 0.02
checkpoint_every = 7
[space]
learning_rate = {{ low = 1e-5, high = 1e-1, log = true }}
width = {{ choices = [16, 32, 64] }}
[search]
sampler = "{sampler}"
seed = 5
trials = {trials}
[resources]
parallel = 1
lost_retries = 1000000
min_free_gb = 0.0
"""
COMMAND = """
name = "{name}"
[objective]
metric = "loss"
[trainer]
kind = "command"
command = ["{python}", "{script}", "--lr", "{{lr}}"]
[space]
lr = {{ low = 1e-3, high = 1.0, log = true }}
[search]
sampler = "{sampler}"
baseline = false
seed = 5
trials = {trials}
[resources]
parallel = 1
lost_retries = 1000000
min_free_gb = 0.0
"""
SCRIPT = """
import os, sys, time
lr = float(sys.argv[sys.argv.index("--lr") + 1])
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)", "blackbox daemon of MARK"], {})
for step in range(1, 31):
    time.sleep(0.03)
    print(f"step {step} loss {lr + 1 / step:.6f}", flush=True)
"""
CHARLM = """
name = "{name}"
[objective]
metric = "val_loss"
[trainer]
kind = "charlm"
text = "text.txt"
model_dim = 8
num_layers = 1
num_heads = 1
max_seq_len = 16
batch_size = 2
learning_rate = 1e-2
steps = 30
eval_every = 5
eval_batches = 1
checkpoint_every = 10
sample_chars = 5
threads = 1
[space]
learning_rate = {{ low = 1e-3, high = 1e-1, log = true }}
[search]
sampler = "{sampler}"
seed = 5
trials = 4
[resources]
parallel = 1
lost_retries = 1000000
min_free_gb = 0.0
"""
