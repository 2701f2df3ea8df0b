import json
import math
import types


class Sequential:
    def __init__(self, layers, name=None):
        self.layers, self.name = layers, name

    def compile(self, optimizer, loss, metrics):
        self.learning_rate = optimizer.learning_rate

    def summary(self):
        print(f'Model: "{self.name}"')

    def score(self, epoch, batch_size, length):
        embedding, recurrent = self.layers[0], self.layers[2].sizes[0]
        score = 0.93 - abs(math.log10(self.learning_rate) + 2.7) / 10 - 2 / embedding.sizes[1] - 2 / recurrent.sizes[0]
        return score - batch_size / 1600 - abs(length - 80) / 1000 - 0.3 / epoch

    def fit(self, x, y, validation_data, epochs, batch_size, callbacks=(), verbose=1):
        history = {"accuracy": [], "loss": [], "val_accuracy": [], "val_loss": []}
        steps = -(-len(x) // batch_size)
        for epoch in range(1, epochs + 1):
            self.last = self.score(epoch, batch_size, len(x[0]))
            logs = {"accuracy": self.last + 0.02, "loss": 2 * (0.98 - self.last), "val_accuracy": self.last, "val_loss": 2 * (1 - self.last)}
            for key, value in logs.items():
                history[key].append(value)
            if verbose:
                print(f"Epoch {epoch}/{epochs}")
                print(f"{steps}/{steps} ━━━━━━━━━━━━━━━━━━━━ 1s 21ms/step - " + " - ".join(f"{k}: {v:.4f}" for k, v in logs.items()) + f" - learning_rate: {self.learning_rate:.4f}")
        return types.SimpleNamespace(history=history)

    def predict(self, x, verbose=1):
        return [self.last] * len(x)

    def save(self, path):
        with open(path, "w") as f:
            json.dump({"score": self.last}, f)
