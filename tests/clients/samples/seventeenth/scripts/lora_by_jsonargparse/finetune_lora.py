"""LoRA fine-tuning of a causal language model.

python finetune_lora.py --train.learning_rate 3e-4 --lora_r 8
"""
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import torch
from jsonargparse import CLI
from torch.utils.data import DataLoader, Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer

from lora import add_lora, mark_only_lora_as_trainable


@dataclass
class TrainArgs:
    """Training-related arguments"""

    learning_rate: float = 3e-4
    weight_decay: float = 0.02
    batch_size: int = 16
    epochs: int = 2
    log_interval: int = 20


@dataclass
class EvalArgs:
    """Evaluation-related arguments"""

    interval: int = 20
    max_iters: int = 8


class SFTDataset(Dataset):
    def __init__(self, size, tokenizer):
        self.size, self.tokenizer = size, tokenizer

    def __len__(self):
        return self.size

    def __getitem__(self, idx):
        ids = self.tokenizer(f"sample {idx}")["input_ids"]
        return {"input_ids": ids, "labels": ids}


@torch.no_grad()
def validate(model, val_dataloader, max_iters: int) -> float:
    model.eval()
    losses = []
    for k, batch in enumerate(val_dataloader):
        if k >= max_iters:
            break
        losses.append(model(**batch).loss.item())
    model.train()
    return sum(losses) / len(losses)


def setup(
    checkpoint: str = "EleutherAI/pythia-160m",
    out_dir: Path = Path("out/finetune/lora"),
    lora_r: int = 8,
    lora_alpha: int = 16,
    lora_dropout: float = 0.05,
    train: TrainArgs = TrainArgs(),
    eval: EvalArgs = EvalArgs(),
    seed: int = 1337,
    max_steps: Optional[int] = None,
) -> None:
    """Finetune a model using the LoRA method.

    Args:
        checkpoint: The base model.
        out_dir: Directory in which to save the adapter.
        lora_r: The LoRA rank.
        lora_alpha: The LoRA alpha.
        lora_dropout: The LoRA dropout value.
        train: Training-related arguments.
        eval: Evaluation-related arguments.
        seed: The random seed.
        max_steps: Stop after this many steps.
    """
    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = add_lora(AutoModelForCausalLM.from_pretrained(checkpoint), lora_r, lora_alpha, lora_dropout)
    mark_only_lora_as_trainable(model)
    train_dataloader = DataLoader(SFTDataset(480, tokenizer), batch_size=train.batch_size, shuffle=True)
    val_dataloader = DataLoader(SFTDataset(96, tokenizer), batch_size=train.batch_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=train.learning_rate, weight_decay=train.weight_decay)

    step, t0 = 0, time.perf_counter()
    for epoch in range(train.epochs):
        for batch in train_dataloader:
            loss = model(**batch).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            if step % train.log_interval == 0:
                print(f"Epoch {epoch + 1} | iter {step} | loss train: {loss.item():.3f}, iter time: {(time.perf_counter() - t0) * 1000 / step:.2f} ms")
            if step % eval.interval == 0:
                val_loss = validate(model, val_dataloader, eval.max_iters)
                print(f"iter {step}: val loss {val_loss:.4f}, val ppl: {math.exp(val_loss):.4f}")
            if max_steps is not None and step >= max_steps:
                break
    print(f"Training time: {time.perf_counter() - t0:.2f}s")

    val_loss = validate(model, val_dataloader, len(val_dataloader))
    print(f"Final evaluation | val loss: {val_loss:.4f} | val ppl: {math.exp(val_loss):.4f}")
    out_dir.mkdir(parents=True, exist_ok=True)
    torch.save({"lora": model.state_dict()}, out_dir / "lit_model_lora.pth")


if __name__ == "__main__":
    CLI(setup)
