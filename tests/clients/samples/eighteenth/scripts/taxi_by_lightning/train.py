"""How long does a ride take? A small MLP over a CSV file, with PyTorch Lightning."""
import csv
from argparse import ArgumentParser

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Trips(Dataset):
    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        *features, duration = self.rows[i]
        return features, duration


class TripsDataModule(pl.LightningDataModule):
    def __init__(self, path, batch_size, num_workers):
        self.path, self.batch_size, self.num_workers = path, batch_size, num_workers

    def setup(self, stage=None):
        with open(self.path) as f:
            rows = [[float(value) for value in row] for row in list(csv.reader(f))[1:]]
        n = len(rows)
        self.train, self.val, self.test = (Trips(part) for part in (rows[: n * 7 // 10], rows[n * 7 // 10 : n * 85 // 100], rows[n * 85 // 100 :]))

    def train_dataloader(self):
        return DataLoader(self.train, batch_size=self.batch_size, shuffle=True, num_workers=self.num_workers)

    def val_dataloader(self):
        return DataLoader(self.val, batch_size=self.batch_size, num_workers=self.num_workers)

    def test_dataloader(self):
        return DataLoader(self.test, batch_size=self.batch_size, num_workers=self.num_workers)


class Regressor(pl.LightningModule):
    def __init__(self, hidden_dim, num_layers, dropout, learning_rate, weight_decay):
        super().__init__()
        self.save_hyperparameters()
        layers, width = [], 4
        for _ in range(num_layers):
            layers += [nn.Linear(width, hidden_dim), nn.ReLU(), nn.Dropout(dropout)]
            width = hidden_dim
        self.net = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, x):
        return self.net(x)

    def _step(self, batch, stage):
        x, y = batch
        loss = F.mse_loss(self(x), y)
        self.log(f"{stage}_loss", loss, prog_bar=True, on_epoch=True)
        return loss

    def training_step(self, batch, batch_idx):
        return self._step(batch, "train")

    def validation_step(self, batch, batch_idx):
        self._step(batch, "val")

    def test_step(self, batch, batch_idx):
        self._step(batch, "test")

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=self.hparams.learning_rate, weight_decay=self.hparams.weight_decay)


def cli_main():
    parser = ArgumentParser()
    parser.add_argument("--data", default="data/trips.csv", type=str)
    parser.add_argument("--log_dir", default="logs", type=str)
    parser.add_argument("--batch_size", default=32, type=int)
    parser.add_argument("--hidden_dim", default=128, type=int)
    parser.add_argument("--num_layers", default=2, type=int)
    parser.add_argument("--dropout", default=0.1, type=float)
    parser.add_argument("--learning_rate", default=1e-3, type=float)
    parser.add_argument("--weight_decay", default=1e-4, type=float)
    parser.add_argument("--max_epochs", default=10, type=int)
    parser.add_argument("--patience", default=5, type=int)
    parser.add_argument("--num_workers", default=0, type=int)
    parser.add_argument("--seed", default=1234, type=int)
    args = parser.parse_args()

    pl.seed_everything(args.seed)
    dm = TripsDataModule(args.data, args.batch_size, args.num_workers)
    model = Regressor(args.hidden_dim, args.num_layers, args.dropout, args.learning_rate, args.weight_decay)
    checkpoint = ModelCheckpoint(monitor="val_loss", mode="min", save_top_k=1)
    trainer = pl.Trainer(
        max_epochs=args.max_epochs,
        logger=CSVLogger(args.log_dir, name="taxi"),
        callbacks=[checkpoint, EarlyStopping(monitor="val_loss", patience=args.patience)],
        accelerator="auto",
        devices=1,
    )
    trainer.fit(model, datamodule=dm)
    trainer.test(model, datamodule=dm, ckpt_path="best")


if __name__ == "__main__":
    cli_main()
