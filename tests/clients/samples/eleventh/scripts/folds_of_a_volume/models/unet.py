import json
import math
import types


class Unet:
    def __init__(self, n_class):
        self.n_class = n_class

    def compile(self, learning_rate):
        self.learning_rate = learning_rate

    def fit(self, train_dataset, validation_data, steps_per_epoch, validation_steps, epochs):
        history = {}
        (case, batch_size), count = validation_data[0], len(validation_data)
        for epoch in range(1, epochs + 1):
            loss = 0.1 + abs(math.log10(self.learning_rate) + 3.5) / 5 + abs(math.log2(batch_size) - 4) / 20 + 0.4 / epoch
            loss += 0.01 * (case / count - 2)
            logs = {"loss": loss - 0.05}
            for i in range(1, 4):
                logs[f"dice_{i}"] = 1 - loss - i / 100
            logs["val_loss"] = loss
            for i in range(1, 4):
                logs[f"val_dice_{i}"] = 0.97 - loss - i / 100
            for key, value in logs.items():
                history.setdefault(key, []).append(value)
            print(f"Epoch {epoch}/{epochs}")
            print(f"{steps_per_epoch}/{steps_per_epoch} [==============================] - 2s 19ms/step - " + " - ".join(f"{k}: {v:.4f}" for k, v in logs.items()))
        return types.SimpleNamespace(history=history)

    def save_weights(self, path):
        with open(path, "w") as f:
            json.dump({"n_class": self.n_class}, f)
