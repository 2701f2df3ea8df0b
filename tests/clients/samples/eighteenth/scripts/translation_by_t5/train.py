"""Fine-tune T5 for translation.

usage: python train.py --train_file data/train.tsv --valid_file data/valid.tsv
"""
import argparse
import os
import random
import time

import sacrebleu
import torch
import wandb
from torch.utils.data import DataLoader, Dataset
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, get_linear_schedule_with_warmup


class ParallelText(Dataset):
    def __init__(self, path, tokenizer, prefix, max_len):
        self.tokenizer, self.prefix, self.max_len = tokenizer, prefix, max_len
        with open(path, encoding="utf-8") as f:
            self.pairs = [line.rstrip("\n").split("\t") for line in f]

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, i):
        src, tgt = self.pairs[i]
        x = self.tokenizer(self.prefix + src, max_length=self.max_len, truncation=True, padding="max_length")
        y = self.tokenizer(tgt, max_length=self.max_len, truncation=True, padding="max_length")
        return {"input_ids": x["input_ids"], "attention_mask": x["attention_mask"], "labels": y["input_ids"], "target": tgt}


def train_epoch(model, loader, optimizer, scheduler, args):
    model.train()
    total = 0
    for i, batch in enumerate(loader):
        out = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=batch["labels"])
        loss = out.loss / args.accum_steps
        loss.backward()
        if (i + 1) % args.accum_steps == 0:
            torch.nn.utils.clip_grad_norm_(model.parameters(), args.max_grad_norm)
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
        total += out.loss.item()
    return total / len(loader)


@torch.no_grad()
def evaluate(model, loader, tokenizer, args):
    model.eval()
    total, hyps, refs = 0, [], []
    for batch in loader:
        out = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=batch["labels"])
        total += out.loss.item()
        ids = model.generate(input_ids=batch["input_ids"], num_beams=args.num_beams, max_length=args.max_len)
        hyps += tokenizer.batch_decode(ids, skip_special_tokens=True)
        refs += tokenizer.batch_decode(batch["target"])
    return total / len(loader), sacrebleu.corpus_bleu(hyps, [refs]).score


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--model", type=str, default="t5-small")
    p.add_argument("--train_file", type=str, default="data/train.tsv")
    p.add_argument("--valid_file", type=str, default="data/valid.tsv")
    p.add_argument("--prefix", type=str, default="translate English to German: ")
    p.add_argument("--epochs", type=int, default=3)
    p.add_argument("--batch_size", type=int, default=16)
    p.add_argument("--accum_steps", type=int, default=2)
    p.add_argument("--lr", type=float, default=3e-4)
    p.add_argument("--weight_decay", type=float, default=0.0)
    p.add_argument("--warmup_ratio", type=float, default=0.1)
    p.add_argument("--max_grad_norm", type=float, default=1.0)
    p.add_argument("--max_len", type=int, default=64)
    p.add_argument("--num_beams", type=int, default=4)
    p.add_argument("--save_dir", type=str, default="checkpoints")
    p.add_argument("--run_name", type=str, default=None, help="name of the run in Weights & Biases")
    p.add_argument("--seed", type=int, default=1234)
    args = p.parse_args()

    random.seed(args.seed)
    torch.manual_seed(args.seed)
    os.makedirs(args.save_dir, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(f"Using {device}")
    wandb.init(project="t5-translation", name=args.run_name, config=vars(args))

    tokenizer = AutoTokenizer.from_pretrained(args.model)
    model = AutoModelForSeq2SeqLM.from_pretrained(args.model).to(device)
    train_set = ParallelText(args.train_file, tokenizer, args.prefix, args.max_len)
    valid_set = ParallelText(args.valid_file, tokenizer, args.prefix, args.max_len)
    train_loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True)
    valid_loader = DataLoader(valid_set, batch_size=args.batch_size)

    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=args.weight_decay)
    total_steps = len(train_loader) // args.accum_steps * args.epochs
    scheduler = get_linear_schedule_with_warmup(optimizer, int(args.warmup_ratio * total_steps), total_steps)

    best_bleu = 0
    for epoch in range(1, args.epochs + 1):
        start = time.time()
        train_loss = train_epoch(model, train_loader, optimizer, scheduler, args)
        valid_loss, bleu = evaluate(model, valid_loader, tokenizer, args)
        print(f"Epoch {epoch:02d} | train loss {train_loss:.4f} | valid loss {valid_loss:.4f} | BLEU {bleu:.2f} | {time.time() - start:.1f}s")
        wandb.log({"epoch": epoch, "train/loss": train_loss, "valid/loss": valid_loss, "valid/bleu": bleu})
        if bleu > best_bleu:
            best_bleu = bleu
            torch.save(model.state_dict(), os.path.join(args.save_dir, "best.pt"))
            print(f"  saved new best model (BLEU {bleu:.2f})")
    print(f"Best BLEU: {best_bleu:.2f}")
    wandb.finish()


if __name__ == "__main__":
    main()
