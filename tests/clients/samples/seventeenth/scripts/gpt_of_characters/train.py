"""
Train a character-level GPT on a text file.
"""
import argparse
import os
import time

import torch

from model import GPT, GPTConfig

parser = argparse.ArgumentParser()
# I/O
parser.add_argument("--data", type=str, default="data/input.txt", help="path to the text file")
parser.add_argument("--out_dir", type=str, default="out")
parser.add_argument("--eval_interval", type=int, default=50)
parser.add_argument("--eval_iters", type=int, default=20)
parser.add_argument("--log_interval", type=int, default=10)
# model
parser.add_argument("--n_layer", type=int, default=6)
parser.add_argument("--n_head", type=int, default=6)
parser.add_argument("--n_embd", type=int, default=384)
parser.add_argument("--block_size", type=int, default=256)
parser.add_argument("--dropout", type=float, default=0.2)
# optimization
parser.add_argument("--batch_size", type=int, default=64)
parser.add_argument("--learning_rate", type=float, default=3e-4)
parser.add_argument("--weight_decay", type=float, default=0.1)
parser.add_argument("--max_iters", type=int, default=200)
parser.add_argument("--grad_clip", type=float, default=1.0)
parser.add_argument("--seed", type=int, default=1337)
args = parser.parse_args()

torch.manual_seed(args.seed)
device = "cuda" if torch.cuda.is_available() else "cpu"
os.makedirs(args.out_dir, exist_ok=True)

with open(args.data, "r", encoding="utf-8") as f:
    text = f.read()
chars = sorted(list(set(text)))
vocab_size = len(chars)
print(f"vocab size: {vocab_size}, data length: {len(text)}")

stoi = {ch: i for i, ch in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text], dtype=torch.long)
n = int(0.9 * len(text))
train_data, val_data = data[:n], data[n:]


def get_batch(split):
    d = train_data if split == "train" else val_data
    ix = torch.randint(len(text) - args.block_size, (args.batch_size,))
    x = torch.stack([d, ix])
    y = torch.stack([d, ix])
    return x.to(device), y.to(device)


@torch.no_grad()
def estimate_loss():
    out = {}
    for split in ["train", "val"]:
        model.train() if split == "train" else model.eval()
        losses = []
        for _ in range(args.eval_iters):
            X, Y = get_batch(split)
            _, loss = model(X, Y)
            losses.append(loss.item())
        out[split] = sum(losses) / len(losses)
    model.train()
    return out


config = GPTConfig(
    block_size=args.block_size,
    vocab_size=vocab_size,
    n_layer=args.n_layer,
    n_head=args.n_head,
    n_embd=args.n_embd,
    dropout=args.dropout,
)
model = GPT(config).to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate, weight_decay=args.weight_decay, betas=(0.9, 0.99))

best_val_loss = float("inf")
t0 = time.time()
for it in range(args.max_iters + 1):
    if it % args.eval_interval == 0 or it == args.max_iters:
        losses = estimate_loss()
        print(f"step {it}: train loss {losses['train']:.4f}, val loss {losses['val']:.4f}")
        if losses["val"] < best_val_loss:
            best_val_loss = losses["val"]
            if it > 0:
                torch.save({"model": model.state_dict(), "iter": it, "args": vars(args)}, os.path.join(args.out_dir, "ckpt.pt"))
    if it == args.max_iters:
        break

    X, Y = get_batch("train")
    logits, loss = model(X, Y)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), args.grad_clip)
    optimizer.step()
    if it % args.log_interval == 0:
        dt, t0 = time.time() - t0, time.time()
        print(f"iter {it}: loss {loss.item():.4f}, time {dt * 1000:.2f}ms")
