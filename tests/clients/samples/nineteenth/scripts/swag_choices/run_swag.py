#!/usr/bin/env python
# coding=utf-8
"""Fine-tuning a model for multiple choice."""
import logging
import os
import sys
from dataclasses import dataclass, field
from typing import Optional

from datasets import load_dataset
from transformers import (
    AutoModelForMultipleChoice,
    AutoTokenizer,
    DataCollatorForMultipleChoice,
    HfArgumentParser,
    Trainer,
    TrainingArguments,
    set_seed,
)

logger = logging.getLogger(__name__)


@dataclass
class ModelArguments:
    """Arguments pertaining to which model we are going to fine-tune from."""

    model_name_or_path: str = field(
        default="bert-base-uncased", metadata={"help": "Path to pretrained model or model identifier"}
    )
    cache_dir: Optional[str] = field(default=None, metadata={"help": "Where to store the pretrained models"})
    use_fast_tokenizer: bool = field(default=True, metadata={"help": "Whether to use one of the fast tokenizers."})


@dataclass
class DataTrainingArguments:
    """Arguments pertaining to what data we are going to input our model for training and eval."""

    dataset_name: str = field(default="swag", metadata={"help": "The dataset."})
    max_seq_length: Optional[int] = field(default=None, metadata={"help": "The maximum total input sequence length."})
    pad_to_max_length: bool = field(default=False, metadata={"help": "Whether to pad all samples."})
    max_train_samples: Optional[int] = field(default=None, metadata={"help": "For debugging, truncate the examples."})
    preprocessing_num_workers: Optional[int] = field(default=None, metadata={"help": "Number of processes."})


def preprocess_logits_for_metrics(logits, labels):
    return logits.argmax(dim=-1)


def compute_metrics(eval_predictions):
    predictions, label_ids = eval_predictions
    return {"accuracy": (predictions == label_ids).astype("float32").mean().item()}


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
    logger.warning(f"16-bits training: {training_args.fp16}")
    set_seed(training_args.seed)

    raw_datasets = load_dataset(data_args.dataset_name)
    tokenizer = AutoTokenizer.from_pretrained(model_args.model_name_or_path, use_fast=model_args.use_fast_tokenizer)
    model = AutoModelForMultipleChoice.from_pretrained(model_args.model_name_or_path, cache_dir=model_args.cache_dir)

    def preprocess_function(example):
        return tokenizer(example["text"], truncation=True, max_length=data_args.max_seq_length)

    train_dataset, eval_dataset = raw_datasets["train"], raw_datasets["validation"]
    if data_args.max_train_samples is not None:
        train_dataset = train_dataset.select(range(data_args.max_train_samples))
    train_dataset = train_dataset.map(preprocess_function)
    eval_dataset = eval_dataset.map(preprocess_function)

    trainer = Trainer(
        model=model,
        args=training_args,
        train_dataset=train_dataset,
        eval_dataset=eval_dataset,
        processing_class=tokenizer,
        data_collator=DataCollatorForMultipleChoice(tokenizer),
        compute_metrics=compute_metrics,
    )

    train_result = trainer.train()
    trainer.save_model()
    metrics = train_result.metrics
    metrics["train_samples"] = len(train_dataset)
    trainer.log_metrics("train", metrics)
    trainer.save_metrics("train", metrics)
    trainer.save_state()

    logger.info("*** Evaluate ***")
    metrics = trainer.evaluate()
    metrics["eval_samples"] = len(eval_dataset)
    trainer.log_metrics("eval", metrics)
    trainer.save_metrics("eval", metrics)


if __name__ == "__main__":
    main()
