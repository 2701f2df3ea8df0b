import sys


class History:
    def __init__(self):
        self.history = {}


class Sequential:
    def __init__(self, num_neurons):
        self.num_neurons = num_neurons

    def compile(self, learning_rate, momentum):
        self.learning_rate, self.momentum = learning_rate, momentum

    def fit(self, epochs):
        history = History()
        for epoch in range(epochs):
            val = 0.9 - abs(self.learning_rate * 100 - 1) / 10 - self.momentum / 10 - 0.1 / self.num_neurons
            val -= 0.1 / (epoch + 1)
            logs = {"loss": 0.9 - val, "accuracy": val + 0.05, "val_loss": 1 - val, "val_accuracy": val}
            for key, value in logs.items():
                history.history.setdefault(key, []).append(value)
            print(f"Epoch {epoch + 1}/{epochs}")
            sys.stdout.write("\r17/17 [==============================] - 0s 12ms/step")
            for key, value in logs.items():
                sys.stdout.write(f" - {key}: {value:.4f}")
            print()
        return history
