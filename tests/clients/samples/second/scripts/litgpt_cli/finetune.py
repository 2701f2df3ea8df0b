"""The fine-tuning command of a GPT library."""
import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Optional

from jsonargparse import CLI


@dataclass
class TrainArgs:
    """Training-related arguments"""

    save_interval: Optional[int] = 1000
    """Number of optimizer steps between saving checkpoints"""
    log_interval: int = 1
    global_batch_size: int = 16
    micro_batch_size: int = 1
    lr_warmup_steps: Optional[int] = 100
    epochs: int = 3
    max_norm: Optional[float] = None


@dataclass
class EvalArgs:
    """Evaluation-related arguments"""

    interval: int = 100
    max_iters: int = 100


def setup(
    checkpoint_dir: Path = Path("checkpoints"),
    out_dir: Path = Path("out/finetune/lora"),
    precision: Optional[str] = None,
    lora_r: int = 8,
    lora_dropout: float = 0.05,
    lora_query: bool = True,
    lora_head: bool = False,
    learning_rate: float = 3e-4,
    logger_name: Literal["wandb", "tensorboard", "csv"] = "csv",
    train: TrainArgs = TrainArgs(),
    eval: EvalArgs = EvalArgs(interval=100, max_iters=100),
    seed: int = 1337,
) -> None:
    """Finetune a model using the LoRA method.

    Arguments:
        checkpoint_dir: The path to the base model's checkpoint directory to load for finetuning.
        out_dir: Directory in which to save checkpoints and logs.
        lora_r: The LoRA rank.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    base = learning_rate * 1000 + 1 / lora_r + lora_dropout + 2 * lora_query + 4 * lora_head
    base += train.global_batch_size / 100
    print("Number of trainable parameters: 1,126,400")
    with open(out_dir / "metrics.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", "iter", "loss", "val_loss"])
        for it in range(1, train.epochs + 1):
            val = base + 1 / it
            print(
                f"Epoch {it} | iter {it} step {it} |"
                f" loss train: {base / 2:.3f},"
                f" val: {val:.3f} |"
                f" iter time: {3.12:.2f} ms (step)"
            )
            print(f"iter {it}: val loss {val:.4f}, val time: {12.0:.2f} ms")
            writer.writerow([it, it, base / 2, val])


if __name__ == "__main__":
    CLI(setup)
