"""A small stand-in for the parts of PyTorch Lightning that train_pl.py uses."""
import csv
import inspect
import json
import os
import random

from .callbacks import Callback  # noqa: F401


def seed_everything(seed):
    random.seed(seed)
    print(f"Seed set to {seed}")


class LightningModule:
    hparams: dict

    def save_hyperparameters(self):
        frame = inspect.currentframe().f_back
        names = [name for name in inspect.signature(type(self).__init__).parameters if name != "self"]
        self.hparams = type("AttributeDict", (dict,), {"__getattr__": dict.__getitem__})(
            {name: frame.f_locals[name] for name in names})

    def log(self, name, value, **kwargs):
        self._sums.setdefault(name, []).append(float(value))

    @classmethod
    def load_from_checkpoint(cls, path):
        with open(path) as f:
            saved = json.load(f)
        model = cls(**saved["hyper_parameters"])
        model.state = saved["state"]
        return model


class _Logger:
    def __init__(self, root):
        base = os.path.join(root, "lightning_logs")
        os.makedirs(base, exist_ok=True)
        self.log_dir = os.path.join(base, f"version_{len(os.listdir(base))}")
        self.rows = []

    def write(self, row):
        os.makedirs(self.log_dir, exist_ok=True)
        self.rows.append(row)
        names = list(dict.fromkeys(key for row in self.rows for key in row))
        with open(os.path.join(self.log_dir, "metrics.csv"), "w", newline="") as f:
            writer = csv.DictWriter(f, names)
            writer.writeheader()
            writer.writerows(self.rows)


class Trainer:
    def __init__(self, default_root_dir=".", accelerator="auto", max_epochs=1, callbacks=(), enable_progress_bar=True):
        self.max_epochs, self.callbacks = max_epochs, list(callbacks)
        self.logger = _Logger(default_root_dir)
        self.current_epoch, self.global_step = 0, 0
        self.callback_metrics = {}
        print("GPU available: False, used: False")
        print("TPU available: False, using: 0 TPU cores")

    @property
    def checkpoint_callback(self):
        return next(one for one in self.callbacks if hasattr(one, "best_model_path"))

    def save(self, model):
        folder = os.path.join(self.logger.log_dir, "checkpoints")
        os.makedirs(folder, exist_ok=True)
        for old in os.listdir(folder):
            os.remove(os.path.join(folder, old))
        path = os.path.join(folder, f"epoch={self.current_epoch}-step={self.global_step}.ckpt")
        with open(path, "w") as f:
            json.dump({"hyper_parameters": dict(model.hparams), "state": model.state}, f)
        return path

    def _loop(self, model, step, loader):
        model._sums = {}
        for index, batch in enumerate(loader):
            step(batch, index)
        means = {name: sum(values) / len(values) for name, values in model._sums.items()}
        self.callback_metrics.update(means)
        return means

    def fit(self, model, train_loader, val_loader):
        model.trainer = self
        print("\n  | Name    | Type       | Params\n---------------------------------------")
        print("0 | encoder | CNNEncoder | 153 K \n1 | decoder | CNNDecoder | 190 K \n")
        for self.current_epoch in range(self.max_epochs):
            means = self._loop(model, model.training_step, train_loader)
            self.global_step += len(train_loader)
            means |= self._loop(model, model.validation_step, val_loader)
            self.logger.write({"epoch": self.current_epoch, "step": self.global_step - 1, **means})
            for callback in self.callbacks:
                callback.on_validation_end(self, model)
                callback.on_train_epoch_end(self, model)
        print(f"`Trainer.fit` stopped: `max_epochs={self.max_epochs}` reached.")

    def test(self, model, dataloaders, verbose=True):
        model.trainer = self
        means = self._loop(model, model.test_step, dataloaders)
        self.logger.write({"epoch": self.max_epochs, "step": self.global_step, **means})
        if verbose:
            line = "─" * 80
            print(line)
            print(f"{'Test metric':^26}{'DataLoader 0':^28}")
            print(line)
            for name, value in means.items():
                print(f"{name:^26}{value:^28}")
            print(line)
        return [means]
