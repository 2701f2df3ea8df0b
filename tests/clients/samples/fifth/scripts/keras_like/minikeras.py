import sys


class Dense:
    def __init__(self, units, activation=None):
        self.units = units


class Dropout:
    def __init__(self, rate):
        self.rate = rate


class Sequential:
    def __init__(self, layers):
        self.layers = layers

    def compile(self, optimizer, learning_rate, loss, metrics):
        self.learning_rate = learning_rate

    def _loss(self, epoch):
        return abs(self.learning_rate - 0.05) * 10 + 8 / self.batch_size + 1 / epoch

    def fit(self, x, validation_data, batch_size, epochs):
        self.batch_size, self.epochs = batch_size, epochs
        for epoch in range(1, epochs + 1):
            sys.stdout.write("Epoch %d/%d\n" % (epoch, epochs))
            for step in (1, 2, 3):
                sys.stdout.write("\r%d/3 [=====>....] - ETA: 0s - loss: %.4f - accuracy: %.4f" % (step, 2.0 / step, 0.5))
            sys.stdout.write("\r3/3 [==========] - 1s 5ms/step - loss: %.4f - accuracy: %.4f - val_loss: %.4f - val_accuracy: %.4f\n" % (0.6, 0.5, self._loss(epoch), 0.5))

    def evaluate(self, x):
        return self._loss(self.epochs) + 0.1, 0.5
