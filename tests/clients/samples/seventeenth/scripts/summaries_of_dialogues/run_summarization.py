#!/usr/bin/env python
"""Fine-tuning T5/BART for dialogue summarization."""
import logging
import os
import sys
from dataclasses import dataclass, field
from typing import Optional

from datasets import load_dataset
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    HfArgumentParser,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    set_seed,
)

logger = logging.getLogger(__name__)


@dataclass
class ModelArguments:
    """Arguments pertaining to which model we are going to fine-tune."""

    model_name_or_path: str = field(default="google/flan-t5-small", metadata={"help": "Path to pretrained model or model identifier"})
    cache_dir: Optional[str] = field(default=None, metadata={"help": "Where to store downloaded models"})


@dataclass
class DataTrainingArguments:
    """Arguments pertaining to what data we are going to input our model."""

    dataset_name: Optional[str] = field(default="samsum", metadata={"help": "The name of the dataset to use"})
    max_source_length: int = field(default=512, metadata={"help": "The maximum total input sequence length"})
    max_target_length: int = field(default=64, metadata={"help": "The maximum total target sequence length"})
    num_beams: Optional[int] = field(default=4, metadata={"help": "Number of beams to use for evaluation"})
    source_prefix: Optional[str] = field(default="summarize: ", metadata={"help": "A prefix for T5 models"})
    max_eval_samples: Optional[int] = field(default=None, metadata={"help": "Truncate the number of examples"})


def main():
    parser = HfArgumentParser((ModelArguments, DataTrainingArguments, Seq2SeqTrainingArguments))
    if len(sys.argv) == 2 and sys.argv[1].endswith(".json"):
        model_args, data_args, training_args = parser.parse_json_file(json_file=os.path.abspath(sys.argv[1]))
    else:
        model_args, data_args, training_args = parser.parse_args_into_dataclasses()

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", handlers=[logging.StreamHandler(sys.stdout)])
    logger.setLevel(logging.INFO)
    logger.info(f"Training/evaluation parameters {training_args}")
    set_seed(training_args.seed)

    raw_datasets = load_dataset(data_args.dataset_name)
    tokenizer = AutoTokenizer.from_pretrained(model_args.model_name_or_path, cache_dir=model_args.cache_dir)
    model = AutoModelForSeq2SeqLM.from_pretrained(model_args.model_name_or_path, cache_dir=model_args.cache_dir)

    def preprocess_function(examples):
        inputs = [data_args.source_prefix + doc for doc in examples["document"]]
        return {"input_ids": [tokenizer(i)["input_ids"][: data_args.max_source_length] for i in inputs]}

    train_dataset = raw_datasets["train"].map(preprocess_function, batched=True)
    eval_dataset = raw_datasets["validation"]
    if data_args.max_eval_samples is not None:
        eval_dataset = eval_dataset.select(range(min(len(eval_dataset), data_args.max_eval_samples)))
    eval_dataset = eval_dataset.map(preprocess_function, batched=True)

    trainer = Seq2SeqTrainer(
        model=model,
        args=training_args,
        train_dataset=train_dataset,
        eval_dataset=eval_dataset,
        tokenizer=tokenizer,
        data_collator=DataCollatorForSeq2Seq(tokenizer, model=model),
    )

    train_result = trainer.train()
    trainer.save_model()
    metrics = train_result.metrics
    metrics["train_samples"] = len(train_dataset)
    trainer.log_metrics("train", metrics)
    trainer.save_metrics("train", metrics)
    trainer.save_state()

    logger.info("*** Evaluate ***")
    metrics = trainer.evaluate(max_length=data_args.max_target_length, num_beams=data_args.num_beams, metric_key_prefix="eval")
    metrics["eval_samples"] = len(eval_dataset)
    trainer.log_metrics("eval", metrics)
    trainer.save_metrics("eval", metrics)


if __name__ == "__main__":
    main()
