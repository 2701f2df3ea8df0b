"""A small stand-in: the loop of a trainer, its bar, its table of tests, and the CSV file of its default logger."""
import csv
import os
import sys


class LightningDataModule:
    pass


class LightningModule:
    def save_hyperparameters(self):
        pass

    def log(self, name, value, prog_bar=False):
        self.trainer.logged[name] = value


class Trainer:
    def __init__(self, max_epochs=1000, accelerator="auto", devices=1, callbacks=(), enable_progress_bar=True,
                 log_every_n_steps=50):
        self.max_epochs, self.callbacks, self.should_stop = max_epochs, callbacks, False
        version = 0
        while os.path.exists(folder := os.path.join("lightning_logs", f"version_{version}")):
            version += 1
        self.log_dir, self.version = folder, version
        print("GPU available: False, used: False")
        print("TPU available: False, using: 0 TPU cores")

    def fit(self, model, data):
        os.makedirs(self.log_dir)
        model.trainer, rows = self, []
        for epoch in range(self.max_epochs):
            self.logged = {}
            model.current_epoch = epoch
            batches = data.train_dataloader()
            for index, batch in enumerate(batches):
                model.training_step(batch, index)
            for index, batch in enumerate(data.val_dataloader()):
                model.validation_step(batch, index)
            bar = ", ".join(f"{name}={value:.3f}" for name, value in self.logged.items())
            count = len(batches)
            sys.stdout.write(f"\rEpoch {epoch}: 100%|██████████| {count}/{count} [00:00<00:00, 98.11it/s, v_num={self.version}, {bar}]")
            rows.append({"epoch": epoch, "step": (epoch + 1) * count - 1, **self.logged})
            with open(os.path.join(self.log_dir, "metrics.csv"), "w", newline="") as f:
                writer = csv.DictWriter(f, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
            for callback in self.callbacks:
                callback.on_epoch(self, epoch, self.logged)
            if self.should_stop:
                break
        print(f"\n`Trainer.fit` stopped: `max_epochs={self.max_epochs}` reached.")

    def test(self, model, data):
        model.trainer, self.logged = self, {}
        for index, batch in enumerate(data.test_dataloader()):
            model.test_step(batch, index)
        print("─" * 56)
        print("       Test metric             DataLoader 0")
        print("─" * 56)
        for name, value in self.logged.items():
            print(f"{name:^25}{value:^31}")
        print("─" * 56)
