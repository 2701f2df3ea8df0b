import tomllib
from pathlib import Path

from rich.console import Console
from rich.table import Table


class Trainer:
    def __init__(self, max_epochs, batch_size, learning_rate, hidden_dim, dropout):
        self.max_epochs, self.batch_size, self.learning_rate = max_epochs, batch_size, learning_rate
        self.hidden_dim, self.dropout = hidden_dim, dropout

    @classmethod
    def from_config_file(cls, file: Path):
        with open(file, "rb") as f:
            config = tomllib.load(f)
        return cls(
            max_epochs=config["trainer"]["max_epochs"],
            batch_size=config["data"]["batch_size"],
            learning_rate=config["optimizer"]["learning_rate"],
            hidden_dim=config["model"]["hidden_dim"],
            dropout=config["model"].get("dropout", 0.0),
        )

    def train(self):
        console = Console()
        table = Table(title="Training")
        for name in ("Epoch", "Train Loss", "Val Loss", "Val IoU"):
            table.add_column(name, justify="right")
        for epoch in range(1, self.max_epochs + 1):
            loss = abs(self.learning_rate * 1000 - 1) + 4 / self.batch_size + 32 / self.hidden_dim + self.dropout + 1 / epoch
            table.add_row(str(epoch), f"{loss - 0.1:.4f}", f"{loss:.4f}", f"{1 - loss / 5:.4f}")
        console.print(table)
