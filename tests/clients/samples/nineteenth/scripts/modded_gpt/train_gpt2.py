import os
import sys
import time
import uuid
from dataclasses import dataclass

with open(sys.argv[0]) as f:
    code = f.read()  # read the code of this file ASAP, for logging

import torch
from model import GPT, DistributedDataLoader, GPTConfig

# -----------------------------------------------------------------------------
# int main


@dataclass
class Hyperparameters:
    # data hyperparams
    input_bin: str = "data/fineweb10B/fineweb_train_*.bin"
    input_val_bin: str = "data/fineweb10B/fineweb_val_*.bin"
    # optimization hyperparams
    batch_size: int = 64  # batch size, in sequences, across all devices
    sequence_length: int = 1024  # sequence length, in tokens
    num_iterations: int = 200  # number of iterations to run
    learning_rate: float = 0.0036
    warmup_iters: int = 10
    warmdown_iters: int = 50
    weight_decay: float = 0.0
    # model
    n_layer: int = 12
    n_embd: int = 768
    # evaluation and logging hyperparams
    val_loss_every: int = 50  # every how many steps to evaluate val loss? 0 for only at the end
    val_tokens: int = 10485760
    save_every: int = 0


args = Hyperparameters()

device = "cuda" if torch.cuda.is_available() else "cpu"
print(f"using device: {device}")

B, T = args.batch_size, args.sequence_length
val_steps = max(1, args.val_tokens // (B * T * 16))

train_loader = DistributedDataLoader(args.input_bin, B, T)
val_loader = DistributedDataLoader(args.input_val_bin, B, T, train=False)
x, y = train_loader.next_batch()

model = GPT(GPTConfig(vocab_size=50304, n_layer=args.n_layer, n_head=6, n_embd=args.n_embd))
model = torch.compile(model.to(device))

optimizer = torch.optim.AdamW(
    model.parameters(), lr=args.learning_rate, betas=(0.9, 0.95), weight_decay=args.weight_decay
)


# learning rate decay scheduler (linear warmup and warmdown)
def get_lr(it):
    assert it <= args.num_iterations
    if it < args.warmup_iters:
        return (it + 1) / args.warmup_iters
    elif it < args.num_iterations - args.warmdown_iters:
        return 1.0
    else:
        return (args.num_iterations - it) / max(1, args.warmdown_iters)


scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, get_lr)

run_id = str(uuid.uuid4())
logdir = "logs/%s/" % run_id
os.makedirs(logdir, exist_ok=True)
logfile = "logs/%s.txt" % run_id
with open(logfile, "w") as f:
    f.write("=" * 100 + "\n" + code + "=" * 100 + "\n")

training_time_ms = 0
t0 = time.time()
for step in range(args.num_iterations + 1):
    last_step = step == args.num_iterations
    timed_steps = max(1, step - 10)

    # once in a while evaluate the validation dataset
    if last_step or (args.val_loss_every > 0 and step % args.val_loss_every == 0):
        training_time_ms += 1000 * (time.time() - t0)
        model.eval()
        val_loader.reset()
        val_loss = 0.0
        for _ in range(val_steps):
            x_val, y_val = val_loader.next_batch()
            with torch.no_grad():
                val_loss += model(x_val, y_val).item()
        val_loss /= val_steps
        line = f"step:{step}/{args.num_iterations} val_loss:{val_loss:.4f} train_time:{training_time_ms:.0f}ms step_avg:{training_time_ms / timed_steps:.2f}ms"
        print(line)
        with open(logfile, "a") as f:
            f.write(line + "\n")
        t0 = time.time()

    if last_step:
        torch.save(dict(step=step, code=code, model=model.state_dict()), "logs/%s/state_step%06d.pt" % (run_id, step))
        break

    model.train()
    loss = model(x, y)
    train_loss = loss.item()
    x, y = train_loader.next_batch()
    loss.backward()
    optimizer.step()
    scheduler.step()
    optimizer.zero_grad()
    approx_time = training_time_ms + 1000 * (time.time() - t0)
    if step % 10 == 0:
        print(f"step:{step + 1}/{args.num_iterations} train_loss:{train_loss:.4f} train_time:{approx_time:.0f}ms step_avg:{approx_time / timed_steps:.2f}ms")
    with open(logfile, "a") as f:
        f.write(f"step:{step + 1}/{args.num_iterations} train_loss:{train_loss:.4f}\n")

print(f"peak memory consumption: {torch.cuda.max_memory_allocated() // 1024 // 1024} MiB")
