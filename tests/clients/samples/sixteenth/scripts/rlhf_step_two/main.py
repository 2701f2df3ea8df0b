#!/usr/bin/env python
"""Step 2 of RLHF: a reward model from pairs of answers."""
import argparse
import math
import time

from utils.reward_model import RewardModel
from utils.utils import print_rank_0, save_hf_format


def parse_args():
    parser = argparse.ArgumentParser(description="Finetune a transformers model as a reward model")
    parser.add_argument("--data_path", nargs="*", default=["toy/rm-static"], help="Path to the training dataset.")
    parser.add_argument("--data_split", type=str, default="2,4,4", help="Comma-separated proportions for training phases 1, 2, and 3.")
    parser.add_argument("--model_name_or_path", type=str, default="toy/opt-350m", help="Path to the pretrained model.")
    parser.add_argument("--num_padding_at_beginning", type=int, default=1, help="Tokens that the tokenizer adds at the beginning.")
    parser.add_argument("--per_device_train_batch_size", type=int, default=16, help="Batch size (per device) for training.")
    parser.add_argument("--per_device_eval_batch_size", type=int, default=16, help="Batch size (per device) for evaluation.")
    parser.add_argument("--max_seq_len", type=int, default=512, help="The maximum sequence length.")
    parser.add_argument("--learning_rate", type=float, default=5e-5, help="Initial learning rate (after the warmup period).")
    parser.add_argument("--weight_decay", type=float, default=0.0, help="Weight decay to use.")
    parser.add_argument("--num_train_epochs", type=int, default=2, help="Total number of training epochs to perform.")
    parser.add_argument("--gradient_accumulation_steps", type=int, default=1, help="Updates steps to accumulate.")
    parser.add_argument("--lr_scheduler_type", type=str, default="cosine", choices=["linear", "cosine", "constant"])
    parser.add_argument("--num_warmup_steps", type=int, default=0, help="Number of steps for the warmup.")
    parser.add_argument("--dropout", type=float, default=0.0, help="Dropout of the model; None keeps its own.")
    parser.add_argument("--output_dir", type=str, default=None, help="Where to store the model.")
    parser.add_argument("--seed", type=int, default=1234, help="A seed for reproducible training.")
    parser.add_argument("--local_rank", type=int, default=-1, help="local_rank for distributed training on gpus")
    parser.add_argument("--gradient_checkpointing", action="store_true", help="Enable gradient checkpointing.")
    parser.add_argument("--offload", action="store_true", help="Enable ZeRO Offload techniques.")
    parser.add_argument("--zero_stage", type=int, default=0, help="ZeRO optimization stage.")
    # LoRA for efficient training setting
    parser.add_argument("--lora_dim", type=int, default=0, help="If > 0, use LoRA for efficient training.")
    parser.add_argument("--only_optimize_lora", action="store_true", help="Only optimize the LoRA parameters.")
    parser.add_argument("--eval_interval", type=int, default=0, help="If > 0, perform evaluation at this interval")
    return parser.parse_args()


def evaluation_reward(model, eval_dataloader):
    correct, total, chosen, rejected = 0.0, 0, 0.0, 0.0
    for _ in eval_dataloader:
        outputs = model()
        correct += model.accuracy()
        total += 1
        chosen += outputs["chosen"]
        rejected += outputs["rejected"]
    return chosen / total, rejected / total, correct / total


def main():
    args = parse_args()
    args.global_rank = args.local_rank
    rm_model = RewardModel(args)
    train_dataloader = range(math.ceil(960 / args.per_device_train_batch_size))
    eval_dataloader = range(math.ceil(200 / args.per_device_eval_batch_size))

    print_rank_0("***** Running training *****", args.global_rank)
    print_rank_0(f"***** Evaluating reward, Epoch {0}/{args.num_train_epochs} *****", args.global_rank)
    reward_score, reject_score, acc = evaluation_reward(rm_model, eval_dataloader)
    print_rank_0(f"chosen_last_scores (higher is better) : {reward_score}, rejected_last_scores (lower is better) : {reject_score}, acc (higher is better) : {acc}", args.global_rank)

    for epoch in range(args.num_train_epochs):
        print_rank_0(f"Beginning of Epoch {epoch+1}/{args.num_train_epochs}, Total Micro Batches {len(train_dataloader)}", args.global_rank)
        mean_loss, start = 0, time.time()
        for step in train_dataloader:
            mean_loss += rm_model()["loss"]
            rm_model.epochs += 1 / len(train_dataloader)
        print_rank_0(f"Epoch {epoch+1}/{args.num_train_epochs} with loss {mean_loss/(step+1)}", args.global_rank)
        # Evaluate reward_loss on the validation set.
        print_rank_0(f"***** Evaluating reward, Epoch {epoch+1}/{args.num_train_epochs} *****", args.global_rank)
        reward_score, reject_score, acc = evaluation_reward(rm_model, eval_dataloader)
        print_rank_0(f"chosen_last_scores (higher is better) : {reward_score}, rejected_last_scores (lower is better) : {reject_score}, acc (higher is better) : {acc}", args.global_rank)

    if args.output_dir is not None:
        print_rank_0("saving model ...", args.global_rank)
        save_hf_format(args)


if __name__ == "__main__":
    main()
