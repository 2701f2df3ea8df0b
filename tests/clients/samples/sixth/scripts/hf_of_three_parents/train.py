from dataclasses import dataclass, field
from typing import Optional

from transformers import HfArgumentParser, TrainingArguments

from model import EmbedConfig


@dataclass
class ModelArgs(EmbedConfig):
    init_from: Optional[str] = field(default=None, metadata={"help": "checkpoint to start from"})
    train_encoder: bool = True
    train_decoder: bool = False


@dataclass
class DataArgs:
    train_files: str = field(default=None, metadata={"help": "comma-separated jsonl files"})
    max_passage_len: int = 256
    system_prompt: Optional[str] = None


@dataclass
class TrainArgs(TrainingArguments):
    output_dir: str = "./temp"
    report_to: Optional[str] = "none"
    ce_weight: float = 1.0
    kd_weight: float = 0.0


def main():
    margs, dargs, targs = HfArgumentParser((ModelArgs, DataArgs, TrainArgs)).parse_args_into_dataclasses()
    print(f"trainable params: {1.23:.2f}M")
    for epoch in range(1, int(targs.num_train_epochs) + 1):
        loss = abs(targs.learning_rate * 1000 - 1) + 1 / margs.num_mem + targs.kd_weight + targs.ce_weight / 10 + 1 / epoch
        loss += 2 * margs.train_encoder + 4 * margs.train_decoder + dargs.max_passage_len / 1000
        print({"loss": f"{loss + 1:.4f}", "grad_norm": "1.1", "learning_rate": f"{targs.learning_rate}", "ce": 0.5, "epoch": f"{epoch}"})
        print({"eval_loss": f"{loss:.5f}", "eval_runtime": "0.1", "epoch": f"{epoch}"})


if __name__ == "__main__":
    main()
