'''
Multitask BERT: sentiment, paraphrases, similarity. One encoder, three heads.

python multitask_classifier.py --option finetune --lr 1e-5
'''
import argparse
import csv
import os
import random

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import AdamW
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer

from evaluation import model_eval_multitask

TQDM_DISABLE = False
BERT_HIDDEN_SIZE = 768
N_SENTIMENT_CLASSES = 5


def seed_everything(seed=11711):
    random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)


class SentencePairs(Dataset):
    def __init__(self, path, tokenizer):
        with open(path) as fp:
            self.rows = list(csv.DictReader(fp, delimiter="\t"))
        self.tokenizer = tokenizer
        print(f"Loaded {len(self.rows)} examples from {path}")

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        enc = self.tokenizer(self.rows[i]["sentence1"], text_pair=self.rows[i]["sentence2"])
        return {"ids": enc["input_ids"], "mask": enc["attention_mask"], "labels": int(self.rows[i]["label"])}


class MultitaskBERT(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.bert = AutoModel.from_pretrained("bert-base-uncased")
        for param in self.bert.parameters():
            param.requires_grad = config["option"] == "finetune"
        self.dropout = nn.Dropout(config["hidden_dropout_prob"])
        self.sentiment = nn.Linear(BERT_HIDDEN_SIZE, N_SENTIMENT_CLASSES)
        self.paraphrase = nn.Linear(2 * BERT_HIDDEN_SIZE, 1)
        self.similarity = nn.Linear(2 * BERT_HIDDEN_SIZE, 1)

    def forward(self, ids, mask, task="sentiment"):
        pooled = self.dropout(self.bert(ids, mask).pooler_output)
        return getattr(self, task)(pooled)


def save_model(model, optimizer, args, config, filepath):
    torch.save({"model": model.state_dict(), "optim": optimizer.state_dict(), "args": args, "model_config": config}, filepath)
    print(f"save the model to {filepath}")


def train_multitask(args):
    device = torch.device("cuda") if args.use_gpu else torch.device("cpu")
    tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")
    loaders = {}
    for task in ("sst", "quora", "sts"):
        for split in ("train", "dev"):
            data = SentencePairs(os.path.join(args.data_dir, f"ids-{task}-{split}.csv"), tokenizer)
            loaders[task, split] = DataLoader(data, shuffle=split == "train", batch_size=args.batch_size)

    config = {"hidden_dropout_prob": args.hidden_dropout_prob, "hidden_size": 768, "data_dir": ".", "option": args.option}
    model = MultitaskBERT(config).to(device)
    optimizer = AdamW(model.parameters(), lr=args.lr, weight_decay=args.weight_decay)
    best_dev_score = 0

    for epoch in range(args.epochs):
        model.train()
        train_loss, num_batches = 0, 0
        batches = zip(loaders["sst", "train"], loaders["quora", "train"], loaders["sts", "train"])
        for sst, para, sts in tqdm(batches, desc=f"train-{epoch}", disable=TQDM_DISABLE):
            optimizer.zero_grad()
            loss_sst = F.cross_entropy(model(sst["ids"], sst["mask"], "sentiment"), sst["labels"])
            loss_para = F.binary_cross_entropy_with_logits(model(para["ids"], para["mask"], "paraphrase"), para["labels"])
            loss_sts = F.mse_loss(model(sts["ids"], sts["mask"], "similarity"), sts["labels"])
            loss = loss_sst + loss_para * args.para_weight + loss_sts
            loss.backward()
            optimizer.step()
            train_loss += loss.item()
            num_batches += 1
        train_loss = train_loss / num_batches

        sst_acc, para_acc, sts_corr = model_eval_multitask(
            loaders["sst", "dev"], loaders["quora", "dev"], loaders["sts", "dev"], model, device)
        dev_score = (sst_acc + para_acc + (sts_corr + 1) / 2) / 3
        print(f"Epoch {epoch}: train loss :: {train_loss :.3f}")
        print(f"Sentiment classification dev accuracy :: {sst_acc :.3f}")
        print(f"Paraphrase detection dev accuracy :: {para_acc :.3f}")
        print(f"Semantic Textual Similarity dev correlation :: {sts_corr :.3f}")
        print(f"Epoch {epoch}: overall dev score :: {dev_score :.3f}")
        if dev_score > best_dev_score:
            best_dev_score = dev_score
            save_model(model, optimizer, args, config, args.filepath)
    print(f"Best overall dev score :: {best_dev_score :.3f}")


def get_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data_dir", type=str, default="data")
    parser.add_argument("--seed", type=int, default=11711)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--option", type=str, choices=("pretrain", "finetune"), default="finetune",
                        help="pretrain: the BERT parameters are frozen; finetune: BERT parameters are updated")
    parser.add_argument("--use_gpu", action="store_true")
    parser.add_argument("--batch_size", type=int, default=8, help="sst: 64 can fit a 12GB GPU")
    parser.add_argument("--hidden_dropout_prob", type=float, default=0.3)
    parser.add_argument("--lr", type=float, default=1e-5, help="1e-3 for 'pretrain', 1e-5 for 'finetune'")
    parser.add_argument("--weight_decay", type=float, default=0.0)
    parser.add_argument("--para_weight", type=float, default=1.0, help="of the loss of the paraphrases")
    parser.add_argument("--output", type=str, default="", help="name of the checkpoint, else made of the settings")
    return parser.parse_args()


if __name__ == "__main__":
    args = get_args()
    args.filepath = args.output or f"{args.option}-{args.epochs}-{args.lr}-multitask.pt"
    seed_everything(args.seed)
    train_multitask(args)
