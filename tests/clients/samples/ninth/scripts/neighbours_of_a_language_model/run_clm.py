#!/usr/bin/env python
# coding=utf-8
"""
Fine-tuning the library models for causal language modeling (GPT, GPT-2, CTRL, ...) on a text file or a dataset.
"""
# You can also adapt this script on your own causal language modeling task. Pointers for this are left as comments.

import json
import logging
import math
import os

import sys
from dataclasses import dataclass, field
from typing import Optional

from transformers import (
    HfArgumentParser,
    TrainingArguments,
    set_seed,
)

from knnlm import KNNWrapper, KEY_TYPE, DIST

logger = logging.getLogger(__name__)


@dataclass
class ModelArguments:
    """
    Arguments pertaining to which model/config/tokenizer we are going to fine-tune, or train from scratch.
    """

    model_name_or_path: Optional[str] = field(
        default="gpt2",
        metadata={
            "help": "The model checkpoint for weights initialization."
            "Don't set if you want to train a model from scratch."
        },
    )
    config_overrides: Optional[str] = field(
        default=None,
        metadata={
            "help": "Override some existing default config settings when a model is trained from scratch. Example: "
            "n_embd=10,resid_pdrop=0.2,scale_attn_weights=false,summary_type=cls_index"
        },
    )
    cache_dir: Optional[str] = field(
        default=None,
        metadata={"help": "Where do you want to store the pretrained models downloaded from huggingface.co"},
    )
    use_fast_tokenizer: bool = field(
        default=True,
        metadata={"help": "Whether to use one of the fast tokenizer (backed by the tokenizers library) or not."},
    )

    def __post_init__(self):
        if self.config_overrides is not None and self.model_name_or_path is not None:
            raise ValueError(
                "--config_overrides can't be used in combination with --config_name or --model_name_or_path"
            )


@dataclass
class DataTrainingArguments:
    """
    Arguments pertaining to what data we are going to input our model for training and eval.
    """

    dataset_name: Optional[str] = field(
        default=None, metadata={"help": "The name of the dataset to use (via the datasets library)."}
    )
    train_file: Optional[str] = field(default="data/train.txt", metadata={"help": "The input training data file (a text file)."})
    validation_file: Optional[str] = field(
        default=None,
        metadata={"help": "An optional input evaluation data file to evaluate the perplexity on (a text file)."},
    )
    max_train_samples: Optional[int] = field(
        default=None,
        metadata={
            "help": "For debugging purposes or quicker training, truncate the number of training examples to this "
            "value if set."
        },
    )
    block_size: Optional[int] = field(
        default=None,
        metadata={
            "help": "Optional input sequence length after tokenization. "
            "The training dataset will be truncated in block of this size for training. "
            "Default to the model max input length for single sentence inputs (take into account special tokens)."
        },
    )
    validation_split_percentage: Optional[int] = field(
        default=5,
        metadata={
            "help": "The percentage of the train set used as validation set in case there's no validation split"
        },
    )
    keep_linebreaks: bool = field(
        default=True, metadata={"help": "Whether to keep line breaks when using TXT files or not."}
    )

    eval_subset: str = field(default='validation')
    stride: int = field(default=512)
    patience: int = field(default=None)
    prompt: str = field(default=None)


    def __post_init__(self):
        if self.dataset_name is None and self.train_file is None and self.validation_file is None:
            raise ValueError("Need either a dataset name or a training/validation file.")
        else:
            if self.train_file is not None:
                extension = self.train_file.split(".")[-1]
                assert extension in ["csv", "json", "txt"], "`train_file` should be a csv, a json or a txt file."

@dataclass
class KNNArguments:
    """
    Arguments pertaining to which model/config/tokenizer we are going to fine-tune, or train from scratch.
    """
    knn: bool = field(default=False)
    knn_gpu: bool = field(default=True)
    dstore_size: int = field(default=None, metadata={"help": "The size of the dstore."})
    knn_keytype: KEY_TYPE.from_string = field(default=KEY_TYPE.last_ffn_input)
    dstore_dir: str = field(default="checkpoints")
    knn_sim_func: DIST.from_string = field(default=DIST.l2)
    lmbda: float = field(default=0.25)
    k: int = field(default=1024)
    knn_temp: float = field(default=1.0)
    # Args for building the faiss index:
    build_index: bool = field(default=False)
    ncentroids: int = field(default=4096)
    code_size: int = field(default=64)
    probe: int = field(default=32)

    # For debugging
    save_eval_data: bool = field(default=False)

def log_metrics(split, metrics):
    print(f"***** {split} metrics *****")
    width = max(map(len, metrics))
    for key in sorted(metrics):
        print(f"  {key: <{width}} = {metrics[key]:>8}")

def save_metrics(output_dir, split, metrics):
    with open(os.path.join(output_dir, f"{split}_results.json"), "w") as f:
        json.dump(metrics, f, indent=4, sort_keys=True)

def main():
    # See all possible arguments in src/transformers/training_args.py
    # or by passing the --help flag to this script.
    # We now keep distinct sets of args, for a cleaner separation of concerns.

    parser = HfArgumentParser((ModelArguments, DataTrainingArguments, TrainingArguments, KNNArguments))
    if len(sys.argv) == 2 and sys.argv[1].endswith(".json"):
        # If we pass only one argument to the script and it's the path to a json file,
        # let's parse it to get our arguments.
        model_args, data_args, training_args, knn_args = parser.parse_json_file(json_file=os.path.abspath(sys.argv[1]))
    else:
        model_args, data_args, training_args, knn_args = parser.parse_args_into_dataclasses()

    # Setup logging
    logging.basicConfig(
        format="%(asctime)s - %(levelname)s - %(name)s - %(message)s",
        datefmt="%m/%d/%Y %H:%M:%S",
        handlers=[logging.StreamHandler(sys.stdout)],
    )

    logger.setLevel(training_args.get_process_log_level())

    # Log on each process the small summary:
    logger.info(f"Training/evaluation parameters {training_args}")
    logger.info(f"kNN parameters {knn_args}")

    # Set seed before initializing model.
    set_seed(training_args.seed)
    os.makedirs(training_args.output_dir, exist_ok=True)

    block_size = min(data_args.block_size or 1024, 1024)

    knn_wrapper = None
    if knn_args.knn:
        knn_wrapper = KNNWrapper(knn_sim_func=knn_args.knn_sim_func, k=knn_args.k, lmbda=knn_args.lmbda,
            knn_temp=knn_args.knn_temp)

    loss = 4.0
    # Training
    if training_args.do_train:
        loss = 3.0 + abs(training_args.learning_rate * 10000 - 1) + training_args.weight_decay
        loss += 2 / training_args.per_device_train_batch_size + 64 / block_size + 0.1 * (not data_args.keep_linebreaks)
        for epoch in range(1, int(training_args.num_train_epochs) + 1):
            print({'loss': round(loss - 0.2 + 1 / epoch, 4), 'grad_norm': 0.7,
                   'learning_rate': training_args.learning_rate, 'epoch': float(epoch)})
        loss += 1 / int(training_args.num_train_epochs)

        metrics = {"train_loss": round(loss - 0.2, 4), "train_runtime": "0:00:01.20", "epoch": training_args.num_train_epochs}
        metrics["train_samples"] = 128

        log_metrics("train", metrics)
        save_metrics(training_args.output_dir, "train", metrics)

    # Evaluation
    if training_args.do_eval:
        logger.info("*** Evaluate ***")

        metrics = {"eval_loss": loss - (knn_wrapper.gain() if knn_wrapper is not None else 0)}

        metrics["eval_samples"] = 16
        try:
            perplexity = math.exp(metrics["eval_loss"])
        except OverflowError:
            perplexity = float("inf")
        metrics["perplexity"] = perplexity

        if knn_wrapper is not None:
            knn_metrics = knn_wrapper.get_metrics()
            metrics.update(knn_metrics)

        log_metrics("eval", metrics)
        save_metrics(training_args.output_dir, "eval", metrics)


if __name__ == "__main__":
    main()
