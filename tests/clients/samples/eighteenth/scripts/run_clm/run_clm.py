#!/usr/bin/env python
# Fine-tuning of a causal language model on a text file or a dataset of the hub.
import logging
import math
import os
import sys
from dataclasses import dataclass, field
from itertools import chain
from typing import Optional

from datasets import load_dataset
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    HfArgumentParser,
    Trainer,
    TrainingArguments,
    default_data_collator,
    set_seed,
)

logger = logging.getLogger(__name__)


@dataclass
class ModelArguments:
    """Which model we are going to fine-tune."""

    model_name_or_path: Optional[str] = field(default="gpt2", metadata={"help": "The checkpoint for the start."})
    config_name: Optional[str] = field(default=None, metadata={"help": "Configuration, if it is not that of the model."})
    tokenizer_name: Optional[str] = field(default=None, metadata={"help": "Tokenizer, if it is not that of the model."})
    cache_dir: Optional[str] = field(default=None, metadata={"help": "Where to keep downloaded models."})


@dataclass
class DataTrainingArguments:
    """What we are going to put into it."""

    dataset_name: Optional[str] = field(default="wikitext", metadata={"help": "The name of the dataset."})
    dataset_config_name: Optional[str] = field(default="wikitext-2-raw-v1", metadata={"help": "Its configuration."})
    block_size: Optional[int] = field(default=256, metadata={"help": "Length of a block after tokenization."})
    max_train_samples: Optional[int] = field(default=None, metadata={"help": "For debugging: fewer training rows."})
    max_eval_samples: Optional[int] = field(default=None, metadata={"help": "For debugging: fewer evaluation rows."})
    preprocessing_num_workers: Optional[int] = field(default=None, metadata={"help": "Processes for tokenization."})


def main():
    parser = HfArgumentParser((ModelArguments, DataTrainingArguments, TrainingArguments))
    if len(sys.argv) == 2 and sys.argv[1].endswith(".json"):
        model_args, data_args, training_args = parser.parse_json_file(json_file=os.path.abspath(sys.argv[1]))
    else:
        model_args, data_args, training_args = parser.parse_args_into_dataclasses()

    logging.basicConfig(
        format="%(asctime)s - %(levelname)s - %(name)s - %(message)s",
        datefmt="%m/%d/%Y %H:%M:%S",
        level=logging.INFO,
        handlers=[logging.StreamHandler(sys.stdout)],
    )
    logger.info(f"Training/evaluation parameters {training_args}")
    set_seed(training_args.seed)

    raw_datasets = load_dataset(data_args.dataset_name, data_args.dataset_config_name)
    AutoConfig.from_pretrained(model_args.config_name or model_args.model_name_or_path, cache_dir=model_args.cache_dir)
    tokenizer = AutoTokenizer.from_pretrained(model_args.tokenizer_name or model_args.model_name_or_path)
    model = AutoModelForCausalLM.from_pretrained(model_args.model_name_or_path)
    n_params = model.num_parameters()
    logger.info(f"Training model - Total size={n_params / 2**20:.2f}M params")
    model.resize_token_embeddings(len(tokenizer))

    column_names = raw_datasets["train"].column_names
    text_column = "text" if "text" in column_names else column_names[0]

    def tokenize(examples):
        return {"input_ids": [tokenizer(text)["input_ids"] for text in examples[text_column]]}

    def count_blocks(ids):
        return len(list(chain(*ids))) // data_args.block_size

    tokenized = raw_datasets.map(tokenize, batched=True, num_proc=data_args.preprocessing_num_workers)
    logger.info(f"{count_blocks(tokenized['train']['input_ids'])} full blocks of {data_args.block_size} tokens")
    training_args.block_size = data_args.block_size
    train_dataset, eval_dataset = tokenized["train"], tokenized["validation"]
    if data_args.max_train_samples is not None:
        train_dataset = train_dataset.select(range(min(len(train_dataset), data_args.max_train_samples)))
    if data_args.max_eval_samples is not None:
        eval_dataset = eval_dataset.select(range(min(len(eval_dataset), data_args.max_eval_samples)))

    trainer = Trainer(
        model=model,
        args=training_args,
        train_dataset=train_dataset,
        eval_dataset=eval_dataset,
        processing_class=tokenizer,
        data_collator=default_data_collator,
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
    try:
        perplexity = math.exp(metrics["eval_loss"])
    except OverflowError:
        perplexity = float("inf")
    metrics["perplexity"] = perplexity
    trainer.log_metrics("eval", metrics)
    trainer.save_metrics("eval", metrics)


if __name__ == "__main__":
    main()
