"""Tune virtual tokens in front of a frozen encoder on pairs of sentences (p-tuning, prefix tuning or prompt tuning)."""
import argparse

import evaluate
import torch
from accelerate import Accelerator
from datasets import load_dataset
from peft import PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig, get_peft_model
from torch.optim import AdamW
from torch.utils.data import DataLoader
from tqdm import tqdm
from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup, set_seed

TASK = "mrpc"


def parse_args():
    parser = argparse.ArgumentParser(description="Soft prompts for a task of GLUE")
    parser.add_argument("--model_name_or_path", type=str, default="toy/roberta-large", help="The frozen model.")
    parser.add_argument(
        "--peft_type",
        type=str,
        default="p_tuning",
        choices=["p_tuning", "prefix_tuning", "prompt_tuning"],
        help="Which kind of soft prompt.",
    )
    parser.add_argument("--num_virtual_tokens", type=int, default=20, help="Length of the prompt.")
    parser.add_argument(
        "--encoder_hidden_size",
        type=int,
        default=128,
        help="Width of the encoder of the prompt (p-tuning and prefix tuning).",
    )
    parser.add_argument("--per_device_train_batch_size", type=int, default=8, help="Batch size for training.")
    parser.add_argument("--per_device_eval_batch_size", type=int, default=8, help="Batch size for evaluation.")
    parser.add_argument("--learning_rate", type=float, default=1e-3, help="Learning rate after the warmup.")
    parser.add_argument("--num_train_epochs", type=int, default=3, help="How many epochs to train.")
    parser.add_argument("--num_warmup_steps", type=int, default=0, help="Steps of the warmup.")
    parser.add_argument("--output_dir", type=str, default="soft_prompt", help="Where to store the prompt.")
    parser.add_argument("--seed", type=int, default=None, help="For reproducible training.")
    return parser.parse_args()


def prompt_config(args):
    common = dict(task_type="SEQ_CLS", num_virtual_tokens=args.num_virtual_tokens)
    if args.peft_type == "p_tuning":
        return PromptEncoderConfig(encoder_hidden_size=args.encoder_hidden_size, **common)
    if args.peft_type == "prefix_tuning":
        return PrefixTuningConfig(encoder_hidden_size=args.encoder_hidden_size, **common)
    return PromptTuningConfig(**common)


def loaders(args, tokenizer):
    data = load_dataset("glue", TASK)

    def collate(rows):
        return tokenizer.pad(rows, padding="longest", return_tensors="pt")

    return (
        DataLoader(data["train"], shuffle=True, collate_fn=collate, batch_size=args.per_device_train_batch_size),
        DataLoader(data["validation"], collate_fn=collate, batch_size=args.per_device_eval_batch_size),
    )


def main():
    args = parse_args()
    accelerator = Accelerator()
    if args.seed is not None:
        set_seed(args.seed)

    tokenizer = AutoTokenizer.from_pretrained(args.model_name_or_path)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token_id = tokenizer.eos_token_id
    train_loader, eval_loader = loaders(args, tokenizer)
    metric = evaluate.load("glue", TASK)

    model = AutoModelForSequenceClassification.from_pretrained(args.model_name_or_path)
    model.size = args.per_device_train_batch_size
    model = get_peft_model(model, prompt_config(args))
    model.print_trainable_parameters()

    optimizer = AdamW(model.parameters(), lr=args.learning_rate)
    scheduler = get_linear_schedule_with_warmup(
        optimizer=optimizer,
        num_warmup_steps=args.num_warmup_steps,
        num_training_steps=len(train_loader) * args.num_train_epochs,
    )
    model, train_loader, eval_loader, optimizer, scheduler = accelerator.prepare(
        model, train_loader, eval_loader, optimizer, scheduler
    )

    for epoch in range(args.num_train_epochs):
        model.train()
        for batch in tqdm(train_loader):
            loss = model(**batch).loss
            accelerator.backward(loss)
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()

        model.eval()
        for batch in tqdm(eval_loader):
            with torch.no_grad():
                outputs = model(**batch)
            predictions, references = accelerator.gather((outputs.logits, batch["labels"]))
            metric.add_batch(predictions=predictions, references=references)
        scores = metric.compute()
        accelerator.print(f"epoch {epoch}:", scores)

    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        accelerator.unwrap_model(model).save_pretrained(args.output_dir, state_dict=accelerator.get_state_dict(model))
        tokenizer.save_pretrained(args.output_dir)


if __name__ == "__main__":
    main()
