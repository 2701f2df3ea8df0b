"""Multi-label classification of toxic comments with BERT."""
import argparse
import os
import random

import torch
import wandb
from metrics import micro_f1, roc_auc
from torch import nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer, get_linear_schedule_with_warmup

LABELS = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]


class ToxicDataset(Dataset):
    def __init__(self, path, tokenizer, max_len):
        self.tokenizer, self.max_len = tokenizer, max_len
        self.size = 960 if "train" in path else 160

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        enc = self.tokenizer(f"comment {index}", max_length=self.max_len, padding="max_length", truncation=True)
        return {"ids": enc["input_ids"], "mask": enc["attention_mask"], "targets": index % 6}


class BERTClass(nn.Module):
    def __init__(self, name, dropout, num_labels):
        super().__init__()
        self.bert = AutoModel.from_pretrained(name)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(768, num_labels)

    def forward(self, ids, mask):
        pooled = self.bert(ids, attention_mask=mask).pooler_output
        return self.out(self.drop(pooled))


def train_fn(loader, model, optimizer, scheduler, criterion, device, epoch):
    model.train()
    total = 0.0
    bar = tqdm(loader, desc=f"Epoch {epoch}")
    for i, batch in enumerate(bar):
        ids, mask, targets = (batch[k].to(device) for k in ("ids", "mask", "targets"))
        loss = criterion(model(ids, mask), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        total += loss.item()
        bar.set_postfix(loss=total / (i + 1))
    return total / len(loader)


def eval_fn(loader, model, criterion, device):
    model.eval()
    total, targets, outputs = 0.0, [], []
    with torch.no_grad():
        for batch in loader:
            out = model(batch["ids"].to(device), batch["mask"].to(device))
            total += criterion(out, batch["targets"].to(device)).item()
            targets.append(batch["targets"])
            outputs.append(torch.sigmoid(out))
    return total / len(loader), roc_auc(targets, outputs), micro_f1(targets, outputs)


def run(args):
    random.seed(args.seed)
    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    wandb.init(project=args.project, config=vars(args))

    tokenizer = AutoTokenizer.from_pretrained(args.model)
    train_loader = DataLoader(ToxicDataset(f"{args.data}/train.csv", tokenizer, args.max_len), args.batch_size, shuffle=True)
    valid_loader = DataLoader(ToxicDataset(f"{args.data}/valid.csv", tokenizer, args.max_len), args.valid_batch_size)

    model = BERTClass(args.model, args.dropout, len(LABELS)).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=args.weight_decay)
    steps = len(train_loader) * args.epochs
    scheduler = get_linear_schedule_with_warmup(optimizer, int(args.warmup * steps), steps)
    criterion = nn.BCEWithLogitsLoss()

    best_auc = 0
    for epoch in range(1, args.epochs + 1):
        train_loss = train_fn(train_loader, model, optimizer, scheduler, criterion, device, epoch)
        val_loss, val_auc, val_f1 = eval_fn(valid_loader, model, criterion, device)
        wandb.log({"epoch": epoch, "train_loss": train_loss, "val_loss": val_loss, "val_auc": val_auc, "val_f1": val_f1})
        print(f"Epoch {epoch}: train_loss={train_loss:.5f}, val_loss={val_loss:.5f}, val_auc={val_auc:.5f}, val_f1={val_f1:.5f}")
        if val_auc > best_auc:
            print(f"AUC improved from {best_auc:.5f} to {val_auc:.5f}, saving the model")
            best_auc = val_auc
            os.makedirs(args.output, exist_ok=True)
            torch.save(model.state_dict(), os.path.join(args.output, "model.bin"))
    print(f"Best AUC: {best_auc:.5f}")
    wandb.finish()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=str, default="input")
    parser.add_argument("--model", type=str, default="bert-base-uncased")
    parser.add_argument("--output", type=str, default="models")
    parser.add_argument("--project", type=str, default="toxic-comments")
    parser.add_argument("--max-len", type=int, default=200)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--valid-batch-size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--lr", type=float, default=2e-5)
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--warmup", type=float, default=0.1, help="share of the steps")
    parser.add_argument("--dropout", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=42)
    run(parser.parse_args())
