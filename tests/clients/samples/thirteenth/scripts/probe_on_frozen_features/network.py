import math


class SupConResNet50:
    def __init__(self):
        self.dim = 2048

    def eval(self):
        return self

    def encoder(self, x):
        return x


class SupConLinear:
    """Linear classifier on features that stay as they are."""

    def __init__(self, args):
        self.args = args
        self.seen = 0.0

    def train(self):
        return self

    def eval(self):
        return self

    def state_dict(self):
        return {'seen': self.seen}

    def limit(self):
        a = self.args
        top = 0.88 - 0.05 * abs(math.log10(a.lr)) - 0.02 * abs(math.log10(a.weight_decay) + 4.5)
        top -= 0.3 * abs(a.momentum - 0.95) + abs(a.batch_size - 128) / 2000 + 0.2 / a.epochs
        return top - (0.01 if a.lr_scheduler == 'exp' else 0)

    def __call__(self, feature):
        return self.limit() * (0.5 + 0.5 * self.seen)
