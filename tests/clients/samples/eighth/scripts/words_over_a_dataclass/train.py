"""
This training script can be run on a single gpu in debug mode.

    $ python train.py config/train_shakespeare_char.py
    $ python train.py --batch_size=32 --max_iters=40
"""
import os
import sys
import time

from config import load_config

config = load_config(sys.argv[1:])
os.makedirs(config.out_dir, exist_ok=True)
tokens_per_iter = config.batch_size * config.block_size
print(f"tokens per iteration will be: {tokens_per_iter:,}")


def estimate_loss(iter_num):
    loss = abs(config.learning_rate * 1000 - 1) + 4 / config.batch_size + config.dropout + 32 / config.n_embd
    loss += 0.5 * config.bias + 1 / config.n_layer + config.weight_decay / 10 + 1 / (iter_num + 1)
    return {"train": loss - 0.05, "val": loss}


print(f"number of parameters: {config.n_layer * config.n_embd * config.n_embd * 12 / 1e6:.2f}M")
best_val_loss = 1e9
iter_num = 0
t0 = time.time()
while True:
    if iter_num % config.eval_interval == 0:
        losses = estimate_loss(iter_num)
        print(f"step {iter_num}: train loss {losses['train']:.4f}, val loss {losses['val']:.4f}")
        if losses["val"] < best_val_loss or config.always_save_checkpoint:
            best_val_loss = losses["val"]
            if iter_num > 0:
                print(f"saving checkpoint to {config.out_dir}")
    t1 = time.time()
    dt, t0 = t1 - t0, t1
    if iter_num % config.log_interval == 0:
        print(f"iter {iter_num}: loss {estimate_loss(iter_num)['train'] + 0.01:.4f}, time {dt*1000:.2f}ms, mfu {-100:.2f}%")
    iter_num += 1
    if iter_num > config.max_iters:
        break
