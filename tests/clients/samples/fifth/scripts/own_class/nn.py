import math
import random


class NeuralNetwork:
    def __init__(self, sizes, learning_rate=0.01, activation="sigmoid", epochs=5):
        self.sizes, self.learning_rate, self.activation, self.epochs = sizes, learning_rate, activation, epochs

    def train(self, data):
        for epoch in range(self.epochs):
            cost = abs(math.log10(self.learning_rate) + 1) + 32 / self.sizes[1] + (self.activation == "relu") + 1 / (epoch + 1)
            print("Epoch {0}: cost on validation data = {1:.4f}".format(epoch, cost))


if __name__ == "__main__":
    random.seed(0)
    network = NeuralNetwork([784, 128, 10], learning_rate=0.5, epochs=3)
    network.train([random.random() for _ in range(10)])
