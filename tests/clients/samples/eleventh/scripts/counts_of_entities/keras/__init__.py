"""A small stand-in: a model of Keras that learns by arithmetic, with counts as its metrics."""
import math
import types


class Callback:
    def on_epoch_end(self, epoch, logs={}):
        pass


class Adam:
    def __init__(self, lr=0.001):
        self.lr = lr


class Model:
    metrics_names = ['loss', 'tp', 'fp', 'fn', 'total_count', 'acc']

    def __init__(self, layers):
        self.layers = layers

    def compile(self, optimizer):
        self.lr = optimizer.lr

    def logs(self, epoch, batch_size, shift):
        skill = 0.9 - abs(math.log10(self.lr) + 3.5) / 10 - batch_size / 3200 + 0.03 * min(2, self.layers) - 0.4 / epoch + shift
        total = 20000
        tp = int(total * skill)
        return {'loss': 1 - skill, 'tp': tp, 'fp': total - tp, 'fn': total - tp, 'total_count': total, 'acc': skill + 0.05}

    def fit(self, x, y, batch_size, epochs, validation_data, callbacks=()):
        history = {}
        print(f"Train on {len(x)} samples, validate on {len(validation_data[0])} samples")
        for epoch in range(1, epochs + 1):
            self.args = (epoch, batch_size)
            logs = {'val_' + k: v for k, v in self.logs(epoch, batch_size, 0).items()}
            logs.update(self.logs(epoch, batch_size, 0.02))
            for k, v in logs.items():
                history.setdefault(k, []).append(v)
            print(f"Epoch {epoch}/{epochs}")
            texts = " - ".join(f"{k}: {v:.4f}" for k, v in sorted(logs.items(), key=lambda item: item[0].startswith('val_')))
            print(f"{len(x)}/{len(x)} [==============================] - 1s 4ms/step - {texts}")
            for callback in callbacks:
                callback.on_epoch_end(epoch - 1, logs)
        return types.SimpleNamespace(history=history)

    def evaluate(self, x, y, batch_size):
        logs = self.logs(*self.args, -0.03)
        return [logs[name] for name in self.metrics_names]
