# Train a CTC speech recognizer.
#   python train.py                              (uses config.yaml)
#   python train.py optim.lr=1e-3 train.epochs=20
import csv
import os
import time

import torch
import torch.nn as nn
from omegaconf import OmegaConf
from torch.utils.data import DataLoader, Dataset

from metrics import char_error_rate, word_error_rate


class SpeechDataset(Dataset):
    def __init__(self, size, sample_rate, n_mels):
        self.size, self.sample_rate, self.n_mels = size, sample_rate, n_mels

    def __len__(self):
        return self.size

    def __getitem__(self, idx):
        return [0.0] * self.n_mels, [1, 2, 3]


class SpeechModel(nn.Module):
    def __init__(self, n_mels, hidden_size, num_layers, dropout, vocab_size):
        super().__init__()
        self.conv = nn.Conv1d(n_mels, hidden_size, 3, stride=2)
        self.rnn = nn.GRU(hidden_size, hidden_size, num_layers, dropout=dropout, bidirectional=True)
        self.proj = nn.Linear(2 * hidden_size, vocab_size)

    def forward(self, x):
        return self.proj(self.rnn(self.conv(x)))


def validate(model, loader, criterion):
    model.eval()
    losses, hyps, refs = [], [], []
    with torch.no_grad():
        for feats, targets in loader:
            logits = model(feats)
            losses.append(criterion(logits, targets).item())
            hyps.append(logits.argmax(-1))
            refs.append(targets)
    return sum(losses) / len(losses), word_error_rate(hyps, refs), char_error_rate(hyps, refs)


def main():
    cfg = OmegaConf.merge(OmegaConf.load("config.yaml"), OmegaConf.from_cli())
    print(OmegaConf.to_yaml(cfg))
    torch.manual_seed(cfg.seed)
    os.makedirs(cfg.train.save_dir, exist_ok=True)

    train_loader = DataLoader(SpeechDataset(480, cfg.data.sample_rate, cfg.data.n_mels), batch_size=cfg.data.batch_size, shuffle=True)
    valid_loader = DataLoader(SpeechDataset(64, cfg.data.sample_rate, cfg.data.n_mels), batch_size=cfg.data.batch_size)
    model = SpeechModel(
        n_mels=cfg.data.n_mels,
        hidden_size=cfg.model.hidden_size,
        num_layers=cfg.model.num_layers,
        dropout=cfg.model.dropout,
        vocab_size=32,
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.optim.lr, weight_decay=cfg.optim.weight_decay)
    criterion = nn.CTCLoss(blank=0, zero_infinity=True)

    log_path = os.path.join(cfg.train.save_dir, "log.csv")
    with open(log_path, "w", newline="") as f:
        csv.writer(f).writerow(["epoch", "train_loss", "valid_loss", "valid_wer", "valid_cer"])

    best_wer = float("inf")
    for epoch in range(1, cfg.train.epochs + 1):
        t0 = time.time()
        model.train()
        total = 0.0
        for feats, targets in train_loader:
            loss = criterion(model(feats), targets)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            total += loss.item()
        train_loss = total / len(train_loader)
        valid_loss, wer, cer = validate(model, valid_loader, criterion)
        print(
            f"Epoch {epoch:3d} | train loss {train_loss:.4f} | valid loss {valid_loss:.4f} "
            f"| WER {wer:.2f}% | CER {cer:.2f}% | {time.time() - t0:.1f}s"
        )
        with open(log_path, "a", newline="") as f:
            csv.writer(f).writerow([epoch, train_loss, valid_loss, wer, cer])
        if wer < best_wer:
            best_wer = wer
            torch.save(model.state_dict(), os.path.join(cfg.train.save_dir, "best.pt"))
    print(f"Best WER: {best_wer:.2f}%")


if __name__ == "__main__":
    main()
