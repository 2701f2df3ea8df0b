"""A small stand-in for keras 3: a model that is fitted by a formula, with the lines of the real one."""
import math
import sys

from . import callbacks, datasets, layers, optimizers, utils  # noqa: F401


class Sequential:
    def __init__(self, parts):
        self.parts = parts
        self.units = sum(p.units for p in parts if isinstance(p, layers.Dense))
        self.rate = sum(p.rate for p in parts if isinstance(p, layers.Dropout))

    def summary(self):
        print('Model: "sequential"')
        for part in self.parts:
            print(f"│ {type(part).__name__.lower():<25} │ {'(None, ...)':<20} │")
        print(" Total params: 34,826 (136.04 KB)")

    def compile(self, loss=None, optimizer=None, metrics=()):
        self.optimizer = optimizer

    def _loss(self, epoch):
        loss = 0.05 + abs(math.log10(self.optimizer.learning_rate) + 2.5) / 8 + self.batch / 2000 + abs(self.rate - 0.3) / 4
        return loss + 1 / self.units + 0.4 / (1 + epoch)

    def fit(self, x, y, batch_size=32, epochs=1, validation_split=0.0, callbacks=()):
        self.batch, self.epochs = batch_size, epochs
        steps = math.ceil(len(x) * (1 - validation_split) / batch_size)
        history = {"loss": [], "accuracy": [], "val_loss": [], "val_accuracy": []}
        for epoch in range(1, epochs + 1):
            print(f"Epoch {epoch}/{epochs}")
            for step in range(1, steps + 1, max(1, steps // 5)):
                loss = self._loss(epoch - 1 + step / steps)
                bar = "━" * round(20 * step / steps)
                sys.stdout.write(f"\r{step}/{steps} {bar:<20} 0s 1ms/step - accuracy: {1 - loss / 3:.4f} - loss: {loss:.4f}")
            loss = self._loss(epoch)
            sys.stdout.write(f"\r{steps}/{steps} {'━' * 20} 0s 1ms/step - accuracy: {1 - loss / 3:.4f} - loss: {loss:.4f} - "
                             f"val_accuracy: {0.99 - loss / 3:.4f} - val_loss: {loss + 0.02:.4f}\n")
            for name, value in zip(history, (loss, 1 - loss / 3, loss + 0.02, 0.99 - loss / 3)):
                history[name].append(value)
        self.history = history
        return self

    def evaluate(self, x, y, verbose="auto"):
        loss = self._loss(self.epochs) + 0.01
        return [loss, 0.995 - loss / 3]

    def save(self, path):
        with open(path, "w") as f:
            f.write("toy")


def Input(shape):
    return layers.Layer()
