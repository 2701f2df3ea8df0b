"""Continual pretraining on a plain text file.

Settings come from a YAML file; every one of them may be overridden on the command line:

    accelerate launch pretrain.py --config configs/law.yaml --lr 1e-5
"""
import argparse
import json
import math
import os
import time

import torch
import yaml
from accelerate import Accelerator
from torch.utils.data import DataLoader, Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, get_cosine_schedule_with_warmup, set_seed


class TextBlocks(Dataset):
    def __init__(self, path, tokenizer, seq_len):
        with open(path, encoding="utf-8") as f:
            self.texts = f.read().splitlines()
        self.tokenizer, self.seq_len = tokenizer, seq_len

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, i):
        ids = self.tokenizer(self.texts[i], max_length=self.seq_len)["input_ids"]
        return {"input_ids": ids, "labels": ids}


def load_config():
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=str, default="configs/law.yaml")
    parser.add_argument("--model_name", type=str)
    parser.add_argument("--train_file", type=str)
    parser.add_argument("--valid_file", type=str)
    parser.add_argument("--output_dir", type=str)
    parser.add_argument("--seq_len", type=int)
    parser.add_argument("--batch_size", type=int)
    parser.add_argument("--grad_accum", type=int)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--lr", type=float)
    parser.add_argument("--min_lr_ratio", type=float)
    parser.add_argument("--weight_decay", type=float)
    parser.add_argument("--beta2", type=float)
    parser.add_argument("--warmup_ratio", type=float)
    parser.add_argument("--max_grad_norm", type=float)
    parser.add_argument("--log_every", type=int)
    parser.add_argument("--seed", type=int)
    args = parser.parse_args()
    with open(args.config) as f:
        config = yaml.safe_load(f)
    config.update({k: v for k, v in vars(args).items() if v is not None and k != "config"})
    return argparse.Namespace(**config)


class JsonLogger:
    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.file = open(os.path.join(folder, "log.jsonl"), "a")

    def log(self, **entry):
        line = json.dumps(entry)
        print(line, flush=True)
        self.file.write(line + "\n")
        self.file.flush()


@torch.no_grad()
def validate(model, loader, accelerator):
    model.eval()
    losses = [accelerator.gather_for_metrics(model(**batch).loss).item() for batch in loader]
    model.train()
    return sum(losses) / len(losses)


def main():
    cfg = load_config()
    set_seed(cfg.seed)
    accelerator = Accelerator(gradient_accumulation_steps=cfg.grad_accum)
    logger = JsonLogger(cfg.output_dir)
    tokenizer = AutoTokenizer.from_pretrained(cfg.model_name)
    model = AutoModelForCausalLM.from_pretrained(cfg.model_name)
    train_loader = DataLoader(TextBlocks(cfg.train_file, tokenizer, cfg.seq_len), batch_size=cfg.batch_size, shuffle=True)
    valid_loader = DataLoader(TextBlocks(cfg.valid_file, tokenizer, cfg.seq_len), batch_size=cfg.batch_size)

    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr, betas=(0.9, cfg.beta2), weight_decay=cfg.weight_decay)
    steps = math.ceil(len(train_loader) / cfg.grad_accum) * cfg.epochs
    scheduler = get_cosine_schedule_with_warmup(optimizer, cfg.warmup_ratio * steps, steps)
    model, optimizer, train_loader, valid_loader, scheduler = accelerator.prepare(model, optimizer, train_loader, valid_loader, scheduler)

    logger.log(event="start", parameters=model.num_parameters(), steps=steps, **vars(cfg))
    step, start = 0, time.time()
    for epoch in range(cfg.epochs):
        model.train()
        for i, batch in enumerate(train_loader):
            with accelerator.accumulate(model):
                loss = model(**batch).loss
                accelerator.backward(loss)
                if accelerator.sync_gradients:
                    accelerator.clip_grad_norm_(model.parameters(), cfg.max_grad_norm)
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
            step += 1
            if step % cfg.log_every == 0:
                logger.log(event="train", step=step, epoch=epoch, loss=loss.item(), lr=scheduler.get_last_lr()[0], seconds=round(time.time() - start, 1))
        valid_loss = validate(model, valid_loader, accelerator)
        logger.log(event="valid", step=step, epoch=epoch, valid_loss=valid_loss, valid_ppl=math.exp(valid_loss))

    accelerator.wait_for_everyone()
    accelerator.unwrap_model(model).save_pretrained(os.path.join(cfg.output_dir, "final"))
    logger.log(event="end", seconds=round(time.time() - start, 1))


if __name__ == "__main__":
    main()
