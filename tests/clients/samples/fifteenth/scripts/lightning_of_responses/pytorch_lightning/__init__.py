"""A small stand-in for pytorch_lightning: a bar for each epoch, a table for the test."""
import json
import os
import random
import sys

from tqdm import tqdm

from . import callbacks, loggers  # noqa: F401


def seed_everything(seed, workers=False):
    print(f"Seed set to {seed}", file=sys.stderr)
    random.seed(seed)
    return seed


class LightningModule:
    def __init__(self):
        self.logged = {}

    def save_hyperparameters(self, *args, **kwargs):
        pass

    def log(self, name, value, prog_bar=False, on_epoch=True, on_step=False, **kwargs):
        self.logged[name] = (float(value), prog_bar)

    def log_dict(self, values, **kwargs):
        for name, value in values.items():
            self.log(name, value, **kwargs)


class Trainer:
    def __init__(self, max_epochs=1, accelerator="auto", devices=1, precision=32, logger=True, callbacks=(), default_root_dir=".",
                 gradient_clip_val=None, accumulate_grad_batches=1, log_every_n_steps=50, **kwargs):
        self.max_epochs, self.callbacks, self.logger, self.root = max_epochs, list(callbacks), logger, default_root_dir
        self.current_epoch = 0
        print("GPU available: False, used: False\nTPU available: False, using: 0 TPU cores", file=sys.stderr)

    def fit(self, model, train_dataloaders=None, val_dataloaders=None):
        model.trainer = self
        for epoch in range(self.max_epochs):
            self.current_epoch = epoch
            bar = tqdm(total=len(train_dataloaders), desc=f"Epoch {epoch}", leave=True)
            for i, batch in enumerate(train_dataloaders):
                model.training_step(batch, i)
                bar.update(1)
            for i, batch in enumerate(val_dataloaders or []):
                model.validation_step(batch, i)
            bar.set_postfix_str("v_num=0, " + ", ".join(f"{k}={v:.3f}" for k, (v, shown) in model.logged.items() if shown))
            bar.close()
            for callback in self.callbacks:
                callback.on_validation_end(self, model)
            if self.logger:
                self.logger.write({k: v for k, (v, _) in model.logged.items()}, epoch)
        print(f"`Trainer.fit` stopped: `max_epochs={self.max_epochs}` reached.", file=sys.stderr)

    def test(self, model, dataloaders=None, ckpt_path=None):
        model.logged = {}
        for i, batch in enumerate(dataloaders):
            model.test_step(batch, i)
        line, bar = "─" * 61, f"{'Test metric':^30}"
        print(f"{line}\n{bar}{'DataLoader 0':^30}\n{line}")
        for name, (value, _) in model.logged.items():
            print(f"{name:^30}{value:^30}")
        print(line)
        return [{k: v for k, (v, _) in model.logged.items()}]

    def save_checkpoint(self, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            json.dump({"epoch": self.current_epoch}, f)
