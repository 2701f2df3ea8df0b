import sys


class Model:
    def __init__(self, inputs, outputs, name=None):
        self.name = name

    def __call__(self, x):
        return x

    def compile(self, optimizer='rmsprop', loss=None):
        self.speed = {'adam': 0.1, 'sgd': 0.4}.get(optimizer, 0.2)

    def fit(self, x, y, epochs=1, batch_size=32, verbose=1):
        steps = max(1, len(x) // batch_size)
        for epoch in range(epochs):
            loss = self.speed + 4 / batch_size + 1 / (epoch + 1)
            print(f"Epoch {epoch + 1}/{epochs}")
            for step in range(1, steps + 1, max(1, steps // 4)):
                sys.stdout.write(f"\r{step}/{steps} [====>.........................] - ETA: 1s - loss: {loss + 0.01:.4f}")
            sys.stdout.write(f"\r{steps}/{steps} [==============================] - 2s 4ms/step - loss: {loss:.4f}\n")

    def save_weights(self, path):
        open(path, "w").close()
