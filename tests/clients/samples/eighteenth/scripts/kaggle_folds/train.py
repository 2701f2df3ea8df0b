# ====================================================
# Directory settings
# ====================================================
import os

OUTPUT_DIR = "./output/"
os.makedirs(OUTPUT_DIR, exist_ok=True)


# ====================================================
# CFG
# ====================================================
class CFG:
    debug = False
    apex = False
    print_freq = 20
    num_workers = 0
    model = "microsoft/deberta-v3-base"
    scheduler = "cosine"
    num_warmup_steps = 0
    epochs = 3
    encoder_lr = 2e-5
    weight_decay = 0.01
    fc_dropout = 0.2
    batch_size = 8
    max_len = 512
    max_grad_norm = 1000
    seed = 42
    n_fold = 4
    trn_fold = [0, 1, 2, 3]
    train = True


# ====================================================
# Library
# ====================================================
import csv
import random
import time
from logging import INFO, FileHandler, Formatter, StreamHandler, getLogger

import torch
import torch.nn as nn
from torch.optim import AdamW
from torch.utils.data import DataLoader, Dataset
from transformers import AutoModel, AutoTokenizer, get_cosine_schedule_with_warmup, get_linear_schedule_with_warmup

from scoring import get_score

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


# ====================================================
# Utils
# ====================================================
def get_logger(filename=OUTPUT_DIR + "train"):
    logger = getLogger(__name__)
    logger.setLevel(INFO)
    handler1 = StreamHandler()
    handler1.setFormatter(Formatter("%(message)s"))
    handler2 = FileHandler(filename=f"{filename}.log")
    handler2.setFormatter(Formatter("%(message)s"))
    logger.addHandler(handler1)
    logger.addHandler(handler2)
    return logger


LOGGER = get_logger()


def seed_everything(seed=42):
    random.seed(seed)
    os.environ["PYTHONHASHSEED"] = str(seed)
    torch.manual_seed(seed)


class TrainDataset(Dataset):
    def __init__(self, cfg, rows):
        self.rows, self.tokenizer, self.max_len = rows, AutoTokenizer.from_pretrained(cfg.model), cfg.max_len

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, item):
        inputs = self.tokenizer(self.rows[item]["text"], max_length=self.max_len, padding="max_length", truncation=True)
        return {**inputs, "target": float(self.rows[item]["target"])}


class CustomModel(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.model = AutoModel.from_pretrained(cfg.model)
        self.fc_dropout = nn.Dropout(cfg.fc_dropout)
        self.fc = nn.Linear(768, 1)

    def forward(self, input_ids, attention_mask):
        feature = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state.mean(1)
        return self.fc(self.fc_dropout(feature))


def train_fn(fold, train_loader, model, criterion, optimizer, epoch, scheduler):
    model.train()
    losses, start = [], time.time()
    for step, inputs in enumerate(train_loader):
        y_preds = model(inputs["input_ids"], inputs["attention_mask"])
        loss = criterion(y_preds, inputs["target"])
        losses.append(loss.item())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CFG.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad()
        scheduler.step()
        if step % CFG.print_freq == 0 or step == len(train_loader) - 1:
            print(f"Epoch: [{epoch + 1}][{step}/{len(train_loader)}] Elapsed {time.time() - start:.0f}s "
                  f"Loss: {losses[-1]:.4f}({sum(losses) / len(losses):.4f}) LR: {scheduler.get_last_lr()[0]:.8f}")
    return sum(losses) / len(losses)


def valid_fn(valid_loader, model, criterion):
    model.eval()
    losses, preds = [], []
    for inputs in valid_loader:
        with torch.no_grad():
            y_preds = model(inputs["input_ids"], inputs["attention_mask"])
        losses.append(criterion(y_preds, inputs["target"]).item())
        preds.append(y_preds)
    return sum(losses) / len(losses), preds


# ====================================================
# train loop
# ====================================================
def train_loop(rows, fold):
    LOGGER.info(f"========== fold: {fold} training ==========")
    train_rows = [r for i, r in enumerate(rows) if i % CFG.n_fold != fold]
    valid_rows = [r for i, r in enumerate(rows) if i % CFG.n_fold == fold]
    train_loader = DataLoader(TrainDataset(CFG, train_rows), batch_size=CFG.batch_size, shuffle=True, num_workers=CFG.num_workers, drop_last=True)
    valid_loader = DataLoader(TrainDataset(CFG, valid_rows), batch_size=CFG.batch_size * 2, shuffle=False)

    model = CustomModel(CFG).to(device)
    optimizer = AdamW(model.parameters(), lr=CFG.encoder_lr, weight_decay=CFG.weight_decay)
    num_train_steps = int(len(train_rows) / CFG.batch_size * CFG.epochs)
    get_schedule = get_cosine_schedule_with_warmup if CFG.scheduler == "cosine" else get_linear_schedule_with_warmup
    scheduler = get_schedule(optimizer, num_warmup_steps=CFG.num_warmup_steps, num_training_steps=num_train_steps)
    criterion = nn.SmoothL1Loss(reduction="mean")

    best_score = float("inf")
    valid_labels = [float(r["target"]) for r in valid_rows]
    for epoch in range(CFG.epochs):
        start_time = time.time()
        avg_loss = train_fn(fold, train_loader, model, criterion, optimizer, epoch, scheduler)
        avg_val_loss, predictions = valid_fn(valid_loader, model, criterion)
        score = get_score(valid_labels, predictions)
        elapsed = time.time() - start_time
        LOGGER.info(f"Epoch {epoch + 1} - avg_train_loss: {avg_loss:.4f}  avg_val_loss: {avg_val_loss:.4f}  time: {elapsed:.0f}s")
        LOGGER.info(f"Epoch {epoch + 1} - Score: {score:.4f}")
        if best_score > score:
            best_score = score
            LOGGER.info(f"Epoch {epoch + 1} - Save Best Score: {best_score:.4f} Model")
            torch.save({"model": model.state_dict()}, OUTPUT_DIR + f"{CFG.model.replace('/', '-')}_fold{fold}_best.pth")
    return valid_labels, predictions


if __name__ == "__main__":
    seed_everything(seed=CFG.seed)
    with open("input/train.csv") as f:
        rows = list(csv.DictReader(f))
    if CFG.train:
        oof_labels, oof_preds = [], []
        for fold in range(CFG.n_fold):
            if fold in CFG.trn_fold:
                labels, preds = train_loop(rows, fold)
                oof_labels += labels
                oof_preds += preds
                LOGGER.info(f"========== fold: {fold} result ==========")
                LOGGER.info(f"Score: {get_score(labels, preds):<.4f}")
        LOGGER.info("========== CV ==========")
        LOGGER.info(f"CV score: {get_score(oof_labels, oof_preds):<.4f}")
