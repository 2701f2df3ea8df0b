"""A small stand-in of the parts of Keras that the example calls."""
import csv
import os
import sys


class Adam:
    def __init__(self, lr=0.001):
        self.lr = lr


class CSVLogger:
    def __init__(self, filename, append=False):
        self.filename, self.append = filename, append
        self.file = None

    def on_epoch_end(self, epoch, logs):
        if self.file is None:
            os.makedirs(os.path.dirname(self.filename), exist_ok=True)
            self.file = open(self.filename, "a" if self.append else "w", newline="")
            self.writer = csv.DictWriter(self.file, fieldnames=["epoch", *sorted(logs)])
            self.writer.writeheader()
        self.writer.writerow({"epoch": epoch, **logs})
        self.file.flush()


class Model:
    def __init__(self, depth):
        self.depth = depth

    def compile(self, loss, optimizer, metrics):
        self.loss, self.optimizer, self.metrics = loss, optimizer, metrics

    def fit(self, x, y, epochs=1, validation_data=None, batch_size=32, verbose=1, callbacks=()):
        steps = max(1, len(x) // batch_size)
        for epoch in range(epochs):
            if verbose:
                print(f"Epoch {epoch + 1}/{epochs}")
            loss = self.loss + 8 / batch_size + abs(self.optimizer.lr * 1000 - 2) / 4 + 1 / (epoch + 1) + self.depth
            logs = {"loss": loss - 0.1, "binary_accuracy": 0.95, "categorical_accuracy": 1 - loss / 5 + 0.02}
            for step in range(1, steps + 1):
                if step % 5 == 0 or step == steps:
                    done = int(30 * step / steps)
                    bar = "=" * done + (">" if done < 30 else "") + "." * (29 - done)
                    values = " - ".join(f"{k}: {v:.4f}" for k, v in logs.items())
                    sys.stdout.write(f"\r{step}/{steps} [{bar}] - ETA: 0s - {values}")
            logs |= {"val_loss": loss, "val_binary_accuracy": 0.94, "val_categorical_accuracy": 1 - loss / 5}
            values = " - ".join(f"{k}: {v:.4f}" for k, v in logs.items())
            sys.stdout.write(f"\r{steps}/{steps} [{'=' * 30}] - 1s 3ms/step - {values}\n")
            for callback in callbacks:
                callback.on_epoch_end(epoch, logs)
