# Supervised fine-tuning of a causal language model on instructions (full parameters).
import copy
import json
import logging
import math
import pathlib
from dataclasses import dataclass, field
from typing import Optional

import transformers

IGNORE_INDEX = -100
TEMPLATE = "Below is a task. Write what completes it.\n\n### Task:\n{instruction}\n\n### Answer:\n"

logger = logging.getLogger(__name__)


@dataclass
class ModelArguments:
    model_name_or_path: Optional[str] = field(default="toy/llama-160m")
    attn_implementation: Optional[str] = field(default="sdpa")


@dataclass
class DataArguments:
    data_path: str = field(default="data/instructions.jsonl", metadata={"help": "Path to the instructions."})
    val_set_size: int = field(default=40, metadata={"help": "So many of them are held out."})


@dataclass
class TrainingArguments(transformers.TrainingArguments):
    output_dir: str = field(default="output")
    num_train_epochs: float = field(default=2.0)
    per_device_train_batch_size: int = field(default=4)
    gradient_accumulation_steps: int = field(default=8)
    learning_rate: float = field(default=2e-5)
    warmup_ratio: float = field(default=0.03)
    lr_scheduler_type: str = field(default="cosine")
    logging_steps: int = field(default=5)
    save_strategy: str = field(default="no")
    model_max_length: int = field(
        default=512,
        metadata={"help": "Maximum sequence length. Sequences will be right padded (and possibly truncated)."},
    )
    neftune_alpha: Optional[float] = field(default=None, metadata={"help": "Noise on the embeddings."})


class InstructionDataset:
    def __init__(self, rows, tokenizer, max_length):
        self.input_ids, self.labels = [], []
        for row in rows:
            source = tokenizer(TEMPLATE.format_map(row))["input_ids"]
            target = tokenizer(row["output"] + tokenizer.eos_token)["input_ids"]
            ids = (source + target)[:max_length]
            labels = copy.deepcopy(ids)
            labels[: len(source)] = [IGNORE_INDEX] * min(len(source), max_length)
            self.input_ids.append(ids)
            self.labels.append(labels)

    def __len__(self):
        return len(self.input_ids)

    def __getitem__(self, i):
        return dict(input_ids=self.input_ids[i], labels=self.labels[i])


def make_data_module(tokenizer, data_args, max_length):
    with open(data_args.data_path, encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    train, val = rows[data_args.val_set_size :], rows[: data_args.val_set_size]
    logger.warning("Tokenizing %d examples for training, %d for validation...", len(train), len(val))
    return dict(
        train_dataset=InstructionDataset(train, tokenizer, max_length),
        eval_dataset=InstructionDataset(val, tokenizer, max_length),
    )


def train():
    parser = transformers.HfArgumentParser((ModelArguments, DataArguments, TrainingArguments))
    model_args, data_args, training_args = parser.parse_args_into_dataclasses()
    transformers.set_seed(training_args.seed)

    model = transformers.AutoModelForCausalLM.from_pretrained(
        model_args.model_name_or_path, attn_implementation=model_args.attn_implementation
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(
        model_args.model_name_or_path, model_max_length=training_args.model_max_length, padding_side="right"
    )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token

    data_module = make_data_module(tokenizer, data_args, training_args.model_max_length)
    trainer = transformers.Trainer(model=model, processing_class=tokenizer, args=training_args, **data_module)

    if list(pathlib.Path(training_args.output_dir).glob("checkpoint-*")):
        result = trainer.train(resume_from_checkpoint=True)
    else:
        result = trainer.train()
    trainer.log_metrics("train", result.metrics)
    trainer.save_metrics("train", result.metrics)
    trainer.save_state()

    metrics = trainer.evaluate()
    try:
        metrics["perplexity"] = math.exp(metrics["eval_loss"])
    except OverflowError:
        metrics["perplexity"] = float("inf")
    trainer.log_metrics("eval", metrics)
    trainer.save_metrics("eval", metrics)
    trainer.save_model(output_dir=training_args.output_dir)


if __name__ == "__main__":
    train()
