import argparse
import csv
import os
import random

import torch
import torch.nn as nn
import wandb
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm
from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup


def parse_args():
    parser = argparse.ArgumentParser(description="Fine-tune BERT for news classification")
    parser.add_argument("--train-file", type=str, default="data/train.csv")
    parser.add_argument("--valid-file", type=str, default="data/valid.csv")
    parser.add_argument("--model-name", type=str, default="bert-base-uncased")
    parser.add_argument("--max-len", type=int, default=128)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--lr", type=float, default=2e-5)
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--warmup-ratio", type=float, default=0.1)
    parser.add_argument("--dropout", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--save-dir", type=str, default="checkpoints")
    return parser.parse_args()


class NewsDataset(Dataset):
    def __init__(self, path, tokenizer, max_len):
        with open(path, newline="") as f:
            self.rows = list(csv.DictReader(f))
        self.tokenizer, self.max_len = tokenizer, max_len

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, idx):
        row = self.rows[idx]
        enc = self.tokenizer(row["text"], truncation=True, padding="max_length", max_length=self.max_len, return_tensors="pt")
        return {"input_ids": enc["input_ids"], "attention_mask": enc["attention_mask"], "labels": torch.tensor(int(row["label"]))}


def train_one_epoch(model, dropout, loader, optimizer, scheduler, device, epoch):
    model.train()
    total_loss, correct, total = 0.0, 0, 0
    bar = tqdm(loader, desc=f"Epoch {epoch}")
    for batch in bar:
        batch = {k: v.to(device) for k, v in batch.items()}
        optimizer.zero_grad()
        outputs = model(**batch)
        outputs.loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        total_loss += outputs.loss.item()
        correct += (outputs.logits.argmax(dim=-1) == batch["labels"]).sum().item()
        total += batch["labels"].size(0)
        bar.set_postfix(loss=f"{outputs.loss.item():.4f}", acc=f"{correct / total:.4f}")
    return total_loss / len(loader), correct / total


@torch.no_grad()
def evaluate(model, loader, device):
    model.eval()
    total_loss, correct, total = 0.0, 0, 0
    for batch in loader:
        batch = {k: v.to(device) for k, v in batch.items()}
        outputs = model(**batch)
        total_loss += outputs.loss.item()
        correct += (outputs.logits.argmax(dim=-1) == batch["labels"]).sum().item()
        total += batch["labels"].size(0)
    return total_loss / len(loader), correct / total


def main():
    args = parse_args()
    random.seed(args.seed)
    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    os.makedirs(args.save_dir, exist_ok=True)

    wandb.init(project="news-bert", config=vars(args))

    tokenizer = AutoTokenizer.from_pretrained(args.model_name)
    train_loader = DataLoader(NewsDataset(args.train_file, tokenizer, args.max_len), batch_size=args.batch_size, shuffle=True)
    valid_loader = DataLoader(NewsDataset(args.valid_file, tokenizer, args.max_len), batch_size=args.batch_size)

    model = AutoModelForSequenceClassification.from_pretrained(args.model_name, num_labels=4).to(device)
    model.dropout = nn.Dropout(args.dropout)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=args.weight_decay)
    total_steps = len(train_loader) * args.epochs
    scheduler = get_linear_schedule_with_warmup(optimizer, args.warmup_ratio * total_steps, total_steps)

    best_acc = 0.0
    for epoch in range(1, args.epochs + 1):
        train_loss, train_acc = train_one_epoch(model, model.dropout, train_loader, optimizer, scheduler, device, epoch)
        val_loss, val_acc = evaluate(model, valid_loader, device)
        print(f"Epoch {epoch}/{args.epochs}")
        print(f"Train loss {train_loss:.4f} accuracy {train_acc:.4f}")
        print(f"Val   loss {val_loss:.4f} accuracy {val_acc:.4f}")
        print()
        wandb.log({"epoch": epoch, "train/loss": train_loss, "train/acc": train_acc, "val/loss": val_loss, "val/acc": val_acc})
        if val_acc > best_acc:
            best_acc = val_acc
            torch.save(model.state_dict(), os.path.join(args.save_dir, "best_model.bin"))
    print(f"Best validation accuracy: {best_acc:.4f}")
    wandb.finish()


if __name__ == "__main__":
    main()
