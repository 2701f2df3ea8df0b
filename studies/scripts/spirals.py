"""A plain torch training, as anybody might have it lying around: two spirals, told apart by a small network.

python spirals.py --learning-rate 0.01 --hidden 32 --depth 2 --out run
"""

import argparse
import json
import math
from pathlib import Path

import torch
from torch import nn


def spirals(points, noise, generator):
    """Points on two arms, and which arm each is on."""
    turn = torch.rand(points, generator=generator).sqrt() * 3 * math.pi
    arm = torch.arange(points) % 2
    angle = turn + arm * math.pi
    x = torch.stack([turn * angle.cos(), turn * angle.sin()], dim=1) / (3 * math.pi)
    return x + noise * torch.randn(points, 2, generator=generator), arm


def network(hidden, depth, dropout):
    """So many layers, so wide."""
    layers = [nn.Linear(2, hidden), nn.Tanh()]
    for _ in range(depth - 1):
        layers += [nn.Linear(hidden, hidden), nn.Tanh(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(hidden, 2))


parser = argparse.ArgumentParser()
parser.add_argument("--learning-rate", type=float, default=1e-2, help="of AdamW")
parser.add_argument("--weight-decay", type=float, default=0.0)
parser.add_argument("--hidden", type=int, default=32, help="width of a layer")
parser.add_argument("--depth", type=int, default=2, help="number of hidden layers")
parser.add_argument("--dropout", type=float, default=0.0)
parser.add_argument("--batch-size", type=int, default=64)
parser.add_argument("--epochs", type=int, default=30)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--out", type=Path, default=Path("run"))
parser.add_argument("--resume-from", type=Path)
args = parser.parse_args()

torch.manual_seed(args.seed)
generator = torch.Generator().manual_seed(1234)
train_x, train_y = spirals(800, 0.03, generator)
val_x, val_y = spirals(400, 0.03, generator)
model = network(args.hidden, args.depth, args.dropout)
optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate, weight_decay=args.weight_decay)
first = 1
if args.resume_from:
    saved = torch.load(args.resume_from, weights_only=True)
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    first = saved["epoch"] + 1
args.out.mkdir(parents=True, exist_ok=True)
print(f"{sum(p.numel() for p in model.parameters())} parameters")

for epoch in range(first, args.epochs + 1):
    model.train()
    order = torch.randperm(len(train_x))
    total = 0.0
    for batch in order.split(args.batch_size):
        loss = nn.functional.cross_entropy(model(train_x[batch]), train_y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    model.eval()
    with torch.no_grad():
        logits = model(val_x)
        val_loss = nn.functional.cross_entropy(logits, val_y).item()
        right = (logits.argmax(dim=1) == val_y).sum().item()
    print(f"Epoch {epoch}/{args.epochs} - train loss: {total / len(train_x):.4f} - val loss: {val_loss:.4f}")
    print(f"Validation accuracy: {right}/{len(val_y)} ({100 * right / len(val_y):.0f}%)")
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}
    torch.save(state, args.out / f"epoch-{epoch}.pt")
    for old in args.out.glob("epoch-*.pt"):
        if int(old.stem.split("-")[1]) < epoch - 1:
            old.unlink()

(args.out / "results.json").write_text(json.dumps({"val_loss": val_loss, "val_accuracy": f"{right}/{len(val_y)}"}))
