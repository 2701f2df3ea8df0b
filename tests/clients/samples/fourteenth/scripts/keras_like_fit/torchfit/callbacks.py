import csv
import math

import torch


class Callback:
    trainer = None

    def on_train_begin(self):
        pass

    def on_epoch_end(self, epoch, logs):
        pass

    def on_train_end(self):
        pass


class EarlyStopping(Callback):
    def __init__(self, monitor="val_loss", patience=5, min_delta=0.0):
        self.monitor, self.patience, self.min_delta = monitor, patience, min_delta
        self.best, self.wait = math.inf, 0

    def on_epoch_end(self, epoch, logs):
        if logs[self.monitor] < self.best - self.min_delta:
            self.best, self.wait = logs[self.monitor], 0
            return
        self.wait += 1
        if self.wait >= self.patience:
            print(f"Epoch {epoch:05d}: early stopping")
            self.trainer.stop_training = True


class CSVLogger(Callback):
    def __init__(self, filename, separator=","):
        self.filename, self.separator = filename, separator
        self.file = self.writer = None

    def on_epoch_end(self, epoch, logs):
        if self.writer is None:
            self.file = open(self.filename, "w", newline="")
            self.writer = csv.DictWriter(self.file, ["epoch", *sorted(logs)], delimiter=self.separator)
            self.writer.writeheader()
        self.writer.writerow({"epoch": epoch, **logs})
        self.file.flush()

    def on_train_end(self):
        if self.file:
            self.file.close()


class ModelCheckpoint(Callback):
    def __init__(self, filepath, monitor="val_loss", save_best_only=True, verbose=0):
        self.filepath, self.monitor, self.save_best_only, self.verbose = filepath, monitor, save_best_only, verbose
        self.best = math.inf

    def on_epoch_end(self, epoch, logs):
        value = logs[self.monitor]
        if value < self.best or not self.save_best_only:
            if self.verbose:
                print(f"Epoch {epoch:05d}: {self.monitor} improved from {self.best:.5f} to {value:.5f}, "
                      f"saving model to {self.filepath}")
            self.best = min(self.best, value)
            torch.save(self.trainer.model.state_dict(), self.filepath)
