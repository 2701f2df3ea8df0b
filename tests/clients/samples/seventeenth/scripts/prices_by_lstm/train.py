import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn as nn
from torch.utils.data import DataLoader

from dataset import WindowDataset, read_series


@dataclass
class Config:
    # data
    csv_path: str = "data/prices.csv"
    window_size: int = 30
    horizon: int = 1
    train_split: float = 0.8
    # model
    hidden_size: int = 64
    num_layers: int = 2
    dropout: float = 0.2
    # training
    batch_size: int = 32
    learning_rate: float = 0.001
    num_epochs: int = 10
    seed: int = 42
    result_dir: str = "results"


class LSTMForecaster(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers, dropout, horizon):
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, num_layers, dropout=dropout, batch_first=True)
        self.fc = nn.Linear(hidden_size, horizon)

    def forward(self, x):
        return self.fc(self.lstm(x))


def run_epoch(model, loader, criterion, optimizer=None):
    model.train(optimizer is not None)
    total = 0.0
    for x, y in loader:
        loss = criterion(model(x), y)
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        total += loss.item() * len(x)
    return total / len(loader.dataset)


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    series = read_series(cfg.csv_path)
    split = int(len(series) * cfg.train_split)
    train_loader = DataLoader(WindowDataset(series[:split], cfg.window_size, cfg.horizon), batch_size=cfg.batch_size, shuffle=True)
    val_loader = DataLoader(WindowDataset(series[split:], cfg.window_size, cfg.horizon), batch_size=cfg.batch_size)

    model = LSTMForecaster(1, cfg.hidden_size, cfg.num_layers, cfg.dropout, cfg.horizon)
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.learning_rate)

    history = {"train_loss": [], "val_loss": []}
    for epoch in range(cfg.num_epochs):
        train_loss = run_epoch(model, train_loader, criterion, optimizer)
        val_loss = run_epoch(model, val_loader, criterion)
        history["train_loss"].append(train_loss)
        history["val_loss"].append(val_loss)
        print(f"Epoch [{epoch + 1}/{cfg.num_epochs}], Train Loss: {train_loss:.6f}, Val Loss: {val_loss:.6f}")

    out = Path(cfg.result_dir)
    out.mkdir(exist_ok=True)
    (out / "history.json").write_text(json.dumps({"config": asdict(cfg), **history}, indent=2))
    torch.save(model.state_dict(), out / "lstm.pth")
    print("Training complete!")


if __name__ == "__main__":
    main()
