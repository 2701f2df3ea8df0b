"""Supervised fine-tuning on instructions. Example:

    python train.py --model_name_or_path huggyllama/llama-7b --data_path data/alpaca_data.json --output_dir out \
        --num_train_epochs 3 --per_device_train_batch_size 4 --gradient_accumulation_steps 8 --learning_rate 2e-5
"""
import copy
import json
import logging
from dataclasses import dataclass, field
from typing import Dict, Optional

import transformers
from torch.utils.data import Dataset
from transformers import Trainer

IGNORE_INDEX = -100
PROMPT_DICT = {
    "prompt_input": (
        "Below is an instruction that describes a task, paired with an input that gives more context.\n\n"
        "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:"
    ),
    "prompt_no_input": (
        "Below is an instruction that describes a task.\n\n### Instruction:\n{instruction}\n\n### Response:"
    ),
}


@dataclass
class ModelArguments:
    model_name_or_path: Optional[str] = field(default="facebook/opt-125m")


@dataclass
class DataArguments:
    data_path: str = field(default="data/alpaca_data.json", metadata={"help": "Path to the training data."})


@dataclass
class TrainingArguments(transformers.TrainingArguments):
    cache_dir: Optional[str] = field(default=None)
    output_dir: str = field(default="./output")
    optim: str = field(default="adamw_torch")
    num_train_epochs: float = field(default=3.0)
    per_device_train_batch_size: int = field(default=4)
    gradient_accumulation_steps: int = field(default=8)
    learning_rate: float = field(default=2e-5)
    warmup_ratio: float = field(default=0.03)
    logging_steps: int = field(default=8)
    save_strategy: str = field(default="no")
    model_max_length: int = field(
        default=512, metadata={"help": "Maximum sequence length. Sequences will be right padded (and truncated)."}
    )


def _tokenize_fn(strings, tokenizer):
    return [tokenizer(text)["input_ids"] for text in strings]


class SupervisedDataset(Dataset):
    """Dataset for supervised fine-tuning."""

    def __init__(self, data_path: str, tokenizer):
        logging.warning("Loading data...")
        with open(data_path) as f:
            rows = json.load(f)
        logging.warning("Formatting inputs...")
        sources = [
            PROMPT_DICT["prompt_input" if row.get("input", "") != "" else "prompt_no_input"].format_map(row) for row in rows
        ]
        targets = [f"{row['output']}{tokenizer.eos_token}" for row in rows]
        logging.warning("Tokenizing inputs... This may take some time...")
        self.input_ids = _tokenize_fn([s + t for s, t in zip(sources, targets)], tokenizer)
        self.labels = copy.deepcopy(self.input_ids)
        for label, source in zip(self.labels, _tokenize_fn(sources, tokenizer)):
            label[: len(source)] = [IGNORE_INDEX] * len(source)

    def __len__(self):
        return len(self.input_ids)

    def __getitem__(self, i):
        return dict(input_ids=self.input_ids[i], labels=self.labels[i])


def make_supervised_data_module(tokenizer, data_args) -> Dict:
    """Make dataset and collator for supervised fine-tuning."""
    return dict(
        train_dataset=SupervisedDataset(data_args.data_path, tokenizer),
        eval_dataset=None,
        data_collator=transformers.DataCollatorWithPadding(tokenizer),
    )


def train():
    parser = transformers.HfArgumentParser((ModelArguments, DataArguments, TrainingArguments))
    model_args, data_args, training_args = parser.parse_args_into_dataclasses()

    model = transformers.AutoModelForCausalLM.from_pretrained(
        model_args.model_name_or_path, cache_dir=training_args.cache_dir
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(
        model_args.model_name_or_path, model_max_length=training_args.model_max_length, padding_side="right", use_fast=False
    )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = "[PAD]"
        model.resize_token_embeddings(len(tokenizer))

    data_module = make_supervised_data_module(tokenizer=tokenizer, data_args=data_args)
    trainer = Trainer(model=model, tokenizer=tokenizer, args=training_args, **data_module)
    trainer.train()
    trainer.save_state()
    trainer.save_model(output_dir=training_args.output_dir)


if __name__ == "__main__":
    train()
