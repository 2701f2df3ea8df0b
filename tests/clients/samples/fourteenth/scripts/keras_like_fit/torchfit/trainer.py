import sys
import time


class Trainer:
    """compile(), fit() and evaluate() for a model, as in Keras."""

    def __init__(self, model):
        self.model = model
        self.stop_training = False
        self.history = {}

    def compile(self, optimizer, loss, metrics=()):
        self.optimizer, self.loss, self.metrics = optimizer, loss, list(metrics)

    def _bar(self, done, total, start, logs):
        width = 30
        filled = int(width * done / total)
        bar = "=" * filled + (">" if filled < width else "") + "." * (width - filled - 1)
        text = " - ".join(f"{name}: {value:.4f}" for name, value in logs.items())
        spent = time.time() - start
        sys.stdout.write(f"\r{done}/{total} [{bar}] - {spent:.0f}s - {text}")
        if done == total:
            sys.stdout.write("\n")
        sys.stdout.flush()

    def _step(self, epoch, part):
        loss = self.loss(self.model, self.optimizer, epoch + part)
        return {"loss": loss, **{name: fn(loss) for name, fn in self.metrics}}

    def fit(self, train_data, validation_data=None, epochs=1, batch_size=32, callbacks=()):
        for callback in callbacks:
            callback.trainer = self
            callback.on_train_begin()
        steps = -(-len(train_data) // batch_size)
        for epoch in range(1, epochs + 1):
            print(f"Epoch {epoch}/{epochs}")
            start = time.time()
            for step in range(1, steps + 1):
                logs = self._step(epoch - 1, step / steps)
                if step == steps and validation_data is not None:
                    logs.update(self.evaluate(validation_data, epoch))
                self._bar(step, steps, start, logs)
            for name, value in logs.items():
                self.history.setdefault(name, []).append(value)
            for callback in callbacks:
                callback.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        for callback in callbacks:
            callback.on_train_end()
        return self.history

    def evaluate(self, data, epoch):
        loss = self.loss(self.model, self.optimizer, epoch) + 0.05 + 0.2 * abs(self.model.dropout - 0.3)
        return {"val_loss": loss, **{f"val_{name}": fn(loss) for name, fn in self.metrics}}
