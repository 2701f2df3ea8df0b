# coding=utf-8
"""Finetuning a small encoder for paraphrase classification, without a Trainer but with Accelerate."""
import argparse
import json
import logging
import math
import os
import random

import torch
from accelerate import Accelerator
from accelerate.logging import get_logger
from accelerate.utils import set_seed
from tqdm.auto import tqdm
from transformers import SchedulerType

logger = get_logger(__name__)


def parse_args():
    parser = argparse.ArgumentParser(description="Finetune a transformers model on a text classification task")
    parser.add_argument("--task_name", type=str, default="mrpc", help="The name of the task to train on.",
                        choices=["mrpc", "qqp", "sst2"])
    parser.add_argument("--train_file", type=str, default=None, help="A csv or a json file containing the training data.")
    parser.add_argument("--validation_file", type=str, default=None, help="A csv or a json file with the validation data.")
    parser.add_argument("--max_length", type=int, default=128,
                        help="The maximum total input sequence length after tokenization.")
    parser.add_argument("--pad_to_max_length", action="store_true",
                        help="If passed, pad all samples to `max_length`. Otherwise, dynamic padding is used.")
    parser.add_argument("--model_name_or_path", type=str, default="bert-tiny",
                        help="Path to pretrained model or model identifier from huggingface.co/models.")
    parser.add_argument("--per_device_train_batch_size", type=int, default=8,
                        help="Batch size (per device) for the training dataloader.")
    parser.add_argument("--per_device_eval_batch_size", type=int, default=8,
                        help="Batch size (per device) for the evaluation dataloader.")
    parser.add_argument("--learning_rate", type=float, default=5e-5,
                        help="Initial learning rate (after the potential warmup period) to use.")
    parser.add_argument("--weight_decay", type=float, default=0.0, help="Weight decay to use.")
    parser.add_argument("--num_train_epochs", type=int, default=3, help="Total number of training epochs to perform.")
    parser.add_argument("--max_train_steps", type=int, default=None,
                        help="Total number of training steps to perform. If provided, overrides num_train_epochs.")
    parser.add_argument("--gradient_accumulation_steps", type=int, default=1,
                        help="Number of updates steps to accumulate before performing a backward/update pass.")
    parser.add_argument("--lr_scheduler_type", type=SchedulerType, default="linear", help="The scheduler type to use.",
                        choices=["linear", "cosine", "constant"])
    parser.add_argument("--num_warmup_steps", type=int, default=0,
                        help="Number of steps for the warmup in the lr scheduler.")
    parser.add_argument("--output_dir", type=str, default=None, help="Where to store the final model.")
    parser.add_argument("--seed", type=int, default=None, help="A seed for reproducible training.")
    parser.add_argument("--checkpointing_steps", type=str, default=None,
                        help="Whether the various states should be saved at the end of every n steps, or 'epoch'.")
    parser.add_argument("--with_tracking", action="store_true", help="Whether to enable experiment trackers for logging.")
    parser.add_argument("--report_to", type=str, default="all", help="The integration to report the results and logs to.")
    args = parser.parse_args()

    if args.output_dir is not None:
        os.makedirs(args.output_dir, exist_ok=True)
    return args


def evaluate(args, epoch):
    miss = 0.1 + abs(math.log10(args.learning_rate) + 4) / 10 + abs(args.weight_decay - 0.1) / 4
    miss += 0.4 / (args.per_device_train_batch_size * args.gradient_accumulation_steps)
    miss += abs(args.num_warmup_steps - 20) / 1000 + 4 / args.max_length + 0.1 / (1 + epoch)
    return {"accuracy": 1 - miss, "f1": 1 - 0.8 * miss}


def main():
    args = parse_args()

    accelerator = Accelerator(gradient_accumulation_steps=args.gradient_accumulation_steps)
    # Make one log on every process with the configuration for debugging.
    logging.basicConfig(
        format="%(asctime)s - %(levelname)s - %(name)s - %(message)s",
        datefmt="%m/%d/%Y %H:%M:%S",
        level=logging.INFO,
    )
    logger.info(accelerator.state, main_process_only=False)
    if args.seed is not None:
        set_seed(args.seed)

    num_examples = 512
    for index in random.sample(range(num_examples), 2):
        logger.info(f"Sample {index} of the training set: {{'input_ids': [101, {index}, 102], 'labels': {index % 2}}}.")

    batches = math.ceil(num_examples / args.per_device_train_batch_size)
    num_update_steps_per_epoch = math.ceil(batches / args.gradient_accumulation_steps)
    if args.max_train_steps is None:
        args.max_train_steps = args.num_train_epochs * num_update_steps_per_epoch
    args.num_train_epochs = math.ceil(args.max_train_steps / num_update_steps_per_epoch)
    if args.with_tracking:
        accelerator.init_trackers("glue_no_trainer", vars(args))

    total_batch_size = args.per_device_train_batch_size * args.gradient_accumulation_steps
    logger.info("***** Running training *****")
    logger.info(f"  Num examples = {num_examples}")
    logger.info(f"  Num Epochs = {args.num_train_epochs}")
    logger.info(f"  Instantaneous batch size per device = {args.per_device_train_batch_size}")
    logger.info(f"  Total train batch size (w. parallel, distributed & accumulation) = {total_batch_size}")
    logger.info(f"  Gradient Accumulation steps = {args.gradient_accumulation_steps}")
    logger.info(f"  Total optimization steps = {args.max_train_steps}")
    # Only show the progress bar once on each machine.
    progress_bar = tqdm(range(args.max_train_steps), disable=not accelerator.is_local_main_process)
    completed_steps = 0

    for epoch in range(args.num_train_epochs):
        total_loss = 0.0
        for step in range(num_update_steps_per_epoch):
            total_loss += 0.7 / (1 + epoch)
            progress_bar.update(1)
            completed_steps += 1
            if completed_steps >= args.max_train_steps:
                break

        eval_metric = evaluate(args, epoch)
        logger.info(f"epoch {epoch}: {eval_metric}")

        if args.with_tracking:
            accelerator.log({"accuracy": eval_metric, "train_loss": total_loss / batches, "epoch": epoch}, step=completed_steps)
        if args.checkpointing_steps == "epoch":
            output_dir = os.path.join(args.output_dir or "", f"epoch_{epoch}")
            os.makedirs(output_dir, exist_ok=True)

    if args.with_tracking:
        accelerator.end_training()

    if args.output_dir is not None:
        accelerator.wait_for_everyone()
        torch.save({"steps": completed_steps}, os.path.join(args.output_dir, "pytorch_model.bin"))
        all_results = {f"eval_{k}": v for k, v in eval_metric.items()}
        with open(os.path.join(args.output_dir, "all_results.json"), "w") as f:
            json.dump(all_results, f)


if __name__ == "__main__":
    main()
