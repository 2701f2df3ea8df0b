"""Dual encoder for passage retrieval with in-batch negatives."""
import argparse
import json
import logging
import os
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset
from transformers import AutoModel, AutoTokenizer, get_linear_schedule_with_warmup, set_seed

from metrics import rank_all

logging.basicConfig(format="[%(asctime)s] %(levelname)s: %(message)s", level=logging.INFO, stream=sys.stdout)
log = logging.getLogger("dpr")


class BiEncoder(nn.Module):
    def __init__(self, name, proj_dim, dropout):
        super().__init__()
        self.question = AutoModel.from_pretrained(name)
        self.passage = AutoModel.from_pretrained(name)
        self.dropout = nn.Dropout(dropout)
        self.proj = nn.Linear(768, proj_dim)

    def forward(self, q, p):
        q = self.proj(self.dropout(self.question(**q).pooler_output))
        p = self.proj(self.dropout(self.passage(**p).pooler_output))
        return F.normalize(q, dim=-1), F.normalize(p, dim=-1)


class Pairs(Dataset):
    def __init__(self, path, tokenizer, q_len, p_len):
        self.rows = [json.loads(line) for line in Path(path).read_text().splitlines()]
        self.tokenizer, self.q_len, self.p_len = tokenizer, q_len, p_len

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        row = self.rows[i]
        q = self.tokenizer(row["question"], max_length=self.q_len, truncation=True)
        p = self.tokenizer(row["positive"], max_length=self.p_len, truncation=True)
        return {"q_ids": q["input_ids"], "q_mask": q["attention_mask"], "p_ids": p["input_ids"], "p_mask": p["attention_mask"]}


def encode(model, batch):
    return model({"input_ids": batch["q_ids"], "attention_mask": batch["q_mask"]},
                 {"input_ids": batch["p_ids"], "attention_mask": batch["p_mask"]})


def evaluate(model, loader):
    model.eval()
    queries, passages = [], []
    with torch.no_grad():
        for batch in loader:
            q, p = encode(model, batch)
            queries.append(q)
            passages.append(p)
    return rank_all(queries, passages, gold=range(len(queries)))


def get_args():
    ap = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    ap.add_argument("--data-dir", type=Path, default=Path("data"))
    ap.add_argument("--output-dir", type=Path, default=Path("checkpoints/dpr"))
    ap.add_argument("--encoder", default="bert-base-uncased", help="checkpoint of both towers")
    ap.add_argument("--proj-dim", type=int, default=256, help="dimension of the vectors")
    ap.add_argument("--dropout", type=float, default=0.1)
    ap.add_argument("--temperature", type=float, default=0.05, help="of the softmax over passages")
    ap.add_argument("--max-query-len", type=int, default=32)
    ap.add_argument("--max-passage-len", type=int, default=128)
    ap.add_argument("--batch-size", "-b", type=int, default=64)
    ap.add_argument("--epochs", "-e", type=int, default=5)
    ap.add_argument("--lr", type=float, default=2e-5)
    ap.add_argument("--weight-decay", type=float, default=0.01)
    ap.add_argument("--warmup-steps", type=int, default=20)
    ap.add_argument("--num-workers", type=int, default=0)
    ap.add_argument("--seed", type=int, default=13)
    return ap.parse_args()


def main():
    args = get_args()
    set_seed(args.seed)
    os.makedirs(args.output_dir, exist_ok=True)
    log.info("args: %s", vars(args))

    tokenizer = AutoTokenizer.from_pretrained(args.encoder)
    train_set = Pairs(args.data_dir / "train.jsonl", tokenizer, args.max_query_len, args.max_passage_len)
    dev_set = Pairs(args.data_dir / "dev.jsonl", tokenizer, args.max_query_len, args.max_passage_len)
    train_loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True, num_workers=args.num_workers)
    dev_loader = DataLoader(dev_set, batch_size=128, num_workers=args.num_workers)
    log.info("%d training pairs, %d dev pairs", len(train_set), len(dev_set))

    model = BiEncoder(args.encoder, args.proj_dim, args.dropout)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=args.weight_decay)
    scheduler = get_linear_schedule_with_warmup(optimizer, args.warmup_steps, len(train_loader) * args.epochs)
    criterion = nn.CrossEntropyLoss()

    best = 0.0
    for epoch in range(args.epochs):
        model.train()
        running = 0.0
        for batch in train_loader:
            q, p = encode(model, batch)
            scores = q @ p.t() / args.temperature
            loss = criterion(scores, torch.arange(q.size(0)))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            running += loss.item()
        log.info("epoch %d: train loss %.4f", epoch + 1, running / len(train_loader))

        scores = evaluate(model, dev_loader)
        log.info("epoch %d: %s", epoch + 1, ", ".join(f"{k}={v:.4f}" for k, v in scores.items()))
        if scores["mrr@10"] > best:
            best = scores["mrr@10"]
            torch.save(model.state_dict(), args.output_dir / "best.pt")
    log.info("finished, best MRR@10 = %.4f", best)


if __name__ == "__main__":
    main()
