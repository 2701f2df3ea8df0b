import math


class UNet:
    def __init__(self, n_channels, n_classes, bilinear=False):
        self.n_channels, self.n_classes, self.bilinear = n_channels, n_classes, bilinear
        self.seen = 0.0

    def loss(self, lr, batch_size, weight_decay, momentum):
        miss = 0.04 + abs(math.log10(lr) + 4) / 10 + batch_size / 200 + abs(math.log10(weight_decay) + 7) / 100
        return miss + abs(momentum - 0.99) + (0.02 if self.bilinear else 0) + 0.2 / (1 + self.seen)
