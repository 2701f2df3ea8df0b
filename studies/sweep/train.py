"""A character-level transformer on the documentation of Python's own library; knows nothing of hptui.

python train.py --learning_rate=0.001 --model_dim=128 --num_layers=4
"""

import argparse
import inspect
import json
import textwrap

import torch
from torch import nn


def text() -> str:
    """Docstrings of some modules: on every machine, and real."""
    parts = []
    for module in (json, argparse, inspect, textwrap):
        for _, member in sorted(vars(module).items()):
            parts.append(inspect.getdoc(member) or "")
    return "\n".join(part for part in parts if part)


class Model(nn.Module):
    """Predicts the next character."""

    def __init__(self, characters: int, width: int, layers: int, length: int) -> None:
        super().__init__()
        self.characters = nn.Embedding(characters, width)
        self.places = nn.Embedding(length, width)
        layer = nn.TransformerEncoderLayer(
            width, width // 32, 2 * width, dropout=0.0, batch_first=True, norm_first=True
        )
        self.body = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Linear(width, characters)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        length = ids.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        x = self.characters(ids) + self.places(torch.arange(length))
        return self.head(self.body(x, mask=mask, is_causal=True))


def main() -> None:
    """Train and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning_rate", type=float, default=1e-3, help="of AdamW")
    parser.add_argument("--model_dim", type=int, default=128)
    parser.add_argument("--num_layers", type=int, default=4)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--batch_size", type=int, default=4)
    parser.add_argument("--length", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    corpus = text()
    alphabet = sorted(set(corpus))
    ids = torch.tensor([alphabet.index(letter) for letter in corpus])
    split = int(0.9 * len(ids))
    model = Model(len(alphabet), args.model_dim, args.num_layers, args.length)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate)

    def loss_on(part: torch.Tensor, seed: int, rows: int) -> torch.Tensor:
        places = torch.randint(len(part) - args.length - 1, (rows,), generator=torch.Generator().manual_seed(seed))
        batch = torch.stack([part[place : place + args.length + 1] for place in places.tolist()])
        logits = model(batch[:, :-1])
        return nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())

    for step in range(1, args.steps + 1):
        optimizer.zero_grad()
        loss = loss_on(ids[:split], args.seed + step, args.batch_size)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 4 == 0 or step == args.steps:
            with torch.no_grad():
                held_out = loss_on(ids[split:], 0, 16)
            print(f"step {step} train_loss: {loss.item():.4f} val_loss: {held_out.item():.4f}", flush=True)


if __name__ == "__main__":
    main()
