import math

from torch import nn


class AudioNet(nn.Module):
    """A backbone of eight layers and a classifier of fifty kinds of sound."""

    def __init__(self):
        super().__init__()
        self.features = [f"block{i}" for i in range(8)]
        self.classifier = ["dropout", "linear"]
        self.epochs = 0.0

    def accuracy(self, groups, batch_size):
        deep, head = groups[0]["lr"], groups[1]["lr"]
        miss = 20 + 3 * abs(math.log10(deep) + 5) + 4 * abs(math.log10(head) + 3) + batch_size / 8
        return 100 - miss - 30 / (1 + self.epochs)
