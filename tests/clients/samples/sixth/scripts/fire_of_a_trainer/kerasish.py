class Dense:
    def __init__(self, units):
        self.units = units


class Dropout:
    def __init__(self, rate):
        self.rate = rate


class Sequential:
    def __init__(self, layers):
        self.layers = layers

    def compile(self, lr, loss, metrics):
        self.lr = lr

    def fit(self, x, epochs):
        for epoch in range(1, epochs + 1):
            self.value = abs(self.lr * 100 - 1) + self.layers[1].rate + 1 / epoch
            print(f"Epoch {epoch}/{epochs}")
            print(f"1875/1875 [==============================] - 4s 2ms/step - loss: {self.value:.4f} - accuracy: {1 / (1 + self.value):.4f}")

    def evaluate(self, x):
        print(f"313/313 [==============================] - 1s 1ms/step - loss: {self.value + 0.1:.4f} - accuracy: {1 / (2 + self.value):.4f}")
        return self.value + 0.1, 1 / (2 + self.value)
