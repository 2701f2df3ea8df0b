#!/usr/bin/env python
"""Step 1 of RLHF: supervised fine-tuning."""
import argparse
import math
import time

import torch
from sft_utils import convert_linear_layer_to_lora, create_prompt_dataset, print_rank_0, save_hf_format
from torch.utils.data import DataLoader
from transformers import AutoModelForCausalLM, AutoTokenizer, get_scheduler, set_seed


def parse_args():
    parser = argparse.ArgumentParser(description="Finetune a transformers model on a causal language modeling task")
    parser.add_argument("--data_path", nargs="*", default=["Dahoas/rm-static"], help="Path to the training dataset.")
    parser.add_argument("--data_split", type=str, default="2,4,4", help="Comma-separated list of proportions.")
    parser.add_argument("--data_output_path", type=str, default="/tmp/data_files/", help="Where to store the data-related files.")
    parser.add_argument("--model_name_or_path", type=str, default="facebook/opt-350m", help="Path to pretrained model.")
    parser.add_argument("--per_device_train_batch_size", type=int, default=16, help="Batch size (per device) for training.")
    parser.add_argument("--per_device_eval_batch_size", type=int, default=16, help="Batch size (per device) for evaluation.")
    parser.add_argument("--max_seq_len", type=int, default=512, help="The maximum sequence length.")
    parser.add_argument("--learning_rate", type=float, default=1e-3, help="Initial learning rate to use.")
    parser.add_argument("--weight_decay", type=float, default=0.0, help="Weight decay to use.")
    parser.add_argument("--num_train_epochs", type=int, default=1, help="Total number of training epochs to perform.")
    parser.add_argument("--gradient_accumulation_steps", type=int, default=1, help="Updates steps to accumulate.")
    parser.add_argument("--lr_scheduler_type", type=str, default="cosine", help="The scheduler type to use.",
                        choices=["linear", "cosine", "constant", "constant_with_warmup"])
    parser.add_argument("--num_warmup_steps", type=int, default=0, help="Number of steps for the warmup.")
    parser.add_argument("--output_dir", type=str, default=None, help="Where to store the model.")
    parser.add_argument("--seed", type=int, default=1234, help="A seed for reproducible training.")
    parser.add_argument("--local_rank", type=int, default=-1, help="local_rank for distributed training on gpus")
    parser.add_argument("--gradient_checkpointing", action="store_true", help="Enable HF gradient checkpointing.")
    # deepspeed features
    parser.add_argument("--offload", action="store_true", help="Enable ZeRO Offload techniques.")
    parser.add_argument("--zero_stage", type=int, default=0, help="ZeRO optimization stage.")
    ## LoRA for efficient training setting
    parser.add_argument("--lora_dim", type=int, default=0, help="If > 0, use LoRA for efficient training.")
    parser.add_argument("--lora_module_name", type=str, default="decoder.layers.", help="The scope of LoRA.")
    parser.add_argument("--print_loss", action="store_true", help="Prints loss at each step.")
    return parser.parse_args()


def main():
    args = parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    args.global_rank = 0
    set_seed(args.seed)

    tokenizer = AutoTokenizer.from_pretrained(args.model_name_or_path)
    model = AutoModelForCausalLM.from_pretrained(args.model_name_or_path)
    if args.lora_dim > 0:
        model = convert_linear_layer_to_lora(model, args.lora_module_name, args.lora_dim)

    train_dataset, eval_dataset = create_prompt_dataset(
        args.data_path, args.data_split, args.data_output_path, tokenizer, args.max_seq_len
    )
    train_dataloader = DataLoader(train_dataset, batch_size=args.per_device_train_batch_size, shuffle=True)
    eval_dataloader = DataLoader(eval_dataset, batch_size=args.per_device_eval_batch_size)

    def evaluation(model, eval_dataloader):
        model.eval()
        losses = 0
        for step, batch in enumerate(eval_dataloader):
            with torch.no_grad():
                outputs = model(**batch)
            losses += outputs.loss.float().item()
        losses = losses / (step + 1)
        try:
            perplexity = math.exp(losses)
        except OverflowError:
            perplexity = float("inf")
        return perplexity, losses

    optimizer = torch.optim.AdamW(
        model.parameters(), lr=args.learning_rate, betas=(0.9, 0.95), weight_decay=args.weight_decay
    )
    num_update_steps_per_epoch = math.ceil(len(train_dataloader) / args.gradient_accumulation_steps)
    lr_scheduler = get_scheduler(
        name=args.lr_scheduler_type,
        optimizer=optimizer,
        num_warmup_steps=args.num_warmup_steps,
        num_training_steps=args.num_train_epochs * num_update_steps_per_epoch,
    )
    model.to(device)

    # Train!
    print_rank_0("***** Running training *****", args.global_rank)
    print_rank_0(f"***** Evaluating perplexity, Epoch {0}/{args.num_train_epochs} *****", args.global_rank)
    perplexity, eval_loss = evaluation(model, eval_dataloader)
    print_rank_0(f"ppl: {perplexity}, loss: {eval_loss}", args.global_rank)

    for epoch in range(args.num_train_epochs):
        print_rank_0(
            f"Beginning of Epoch {epoch + 1}/{args.num_train_epochs}, Total Micro Batches {len(train_dataloader)}",
            args.global_rank,
        )
        model.train()
        start = time.time()
        for step, batch in enumerate(train_dataloader):
            outputs = model(**batch)
            loss = outputs.loss
            if args.print_loss:
                print(f"Epoch: {epoch}, Step: {step}, Rank: 0, loss = {loss.item()}")
            loss.backward()
            if (step + 1) % args.gradient_accumulation_steps == 0:
                optimizer.step()
                lr_scheduler.step()
        print_rank_0(f"Epoch {epoch + 1} took {time.time() - start:.2f}s", args.global_rank)

        # Evaluate perplexity on the validation set.
        print_rank_0(f"***** Evaluating perplexity, Epoch {epoch + 1}/{args.num_train_epochs} *****", args.global_rank)
        perplexity, eval_loss = evaluation(model, eval_dataloader)
        print_rank_0(f"ppl: {perplexity}, loss: {eval_loss}", args.global_rank)

    if args.output_dir is not None:
        print_rank_0("saving the final model ...", args.global_rank)
        save_hf_format(model, tokenizer, args)


if __name__ == "__main__":
    main()
