"""A small stand-in for pytorch_lightning."""
import random
from types import SimpleNamespace

import torch
from torch import nn
from tqdm import tqdm

from . import callbacks, loggers  # noqa: F401


def seed_everything(seed, workers=False):
    print(f"Seed set to {seed}")
    random.seed(seed)


class LightningModule(nn.Module):
    trainer = None

    def save_hyperparameters(self, *args, **kwargs):
        import inspect

        frame = inspect.currentframe().f_back
        names = [name for name in frame.f_code.co_varnames[1 : frame.f_code.co_argcount]]
        self.hparams = SimpleNamespace(**{name: frame.f_locals[name] for name in names})

    def log(self, name, value, prog_bar=False, on_step=None, on_epoch=None, **kwargs):
        self.trainer.logged[name] = float(value)


class LightningDataModule:
    def prepare_data(self):
        pass

    def setup(self, stage=None):
        pass


class Trainer:
    def __init__(self, max_epochs=1, logger=None, callbacks=(), accelerator="auto", devices=1, gradient_clip_val=None,
                 log_every_n_steps=50, deterministic=False, enable_progress_bar=True, default_root_dir=None, **kwargs):
        self.max_epochs, self.logger, self.callbacks, self.logged = max_epochs, logger, list(callbacks), {}
        self.callback_metrics = self.logged
        print("GPU available: False, used: False\nTPU available: False, using: 0 TPU cores")

    def _bind(self, model, datamodule):
        model.trainer = self
        datamodule.prepare_data()
        datamodule.setup("fit")

    def fit(self, model, datamodule=None):
        self._bind(model, datamodule)
        model.configure_optimizers()
        train, val, step = datamodule.train_dataloader(), datamodule.val_dataloader(), 0
        for self.current_epoch in range(self.max_epochs):
            model.train()
            bar = tqdm(total=len(train), desc=f"Epoch {self.current_epoch}", leave=self.current_epoch + 1 == self.max_epochs)
            for i, batch in enumerate(train):
                model.training_step(batch, i)
                bar.update(1)
                step += 1
            if self.logger:
                self.logger.log_metrics({"epoch": self.current_epoch, "step": step - 1, **{k: v for k, v in self.logged.items() if k.startswith("train")}})
            model.eval()
            with torch.no_grad():
                for i, batch in enumerate(val):
                    model.validation_step(batch, i)
            bar.set_postfix({"v_num": 0, **{k: f"{v:.3f}" for k, v in self.logged.items()}})
            bar.close()
            if self.logger:
                self.logger.log_metrics({"epoch": self.current_epoch, "step": step - 1, **{k: v for k, v in self.logged.items() if k.startswith("val")}})
                self.logger.save()
            for callback in self.callbacks:
                callback.on_validation_end(self)
        print(f"`Trainer.fit` stopped: `max_epochs={self.max_epochs}` reached.")

    def test(self, model=None, datamodule=None, ckpt_path=None):
        model.trainer = self
        self.logged.clear()
        model.eval()
        with torch.no_grad():
            for i, batch in enumerate(datamodule.test_dataloader()):
                model.test_step(batch, i)
        line = "─" * 80
        print(f"{line}\n       Test metric             DataLoader 0\n{line}")
        for name, value in sorted(self.logged.items()):
            print(f"{name:^25}    {value!s:<25}")
        print(line)
        if self.logger:
            self.logger.log_metrics({"epoch": self.max_epochs, "step": 0, **self.logged})
            self.logger.save()
        return [dict(self.logged)]
