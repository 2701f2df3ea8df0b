"""A small stand-in for the parts of monai and torch that this script uses."""
from math import log10


class DataLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, num_workers=0):
        self.dataset, self.batch_size = dataset, batch_size

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        return iter(range(len(self)))


class UNet:
    def __init__(self, spatial_dims, in_channels, out_channels, channels, strides, num_res_units=2, dropout=0.0):
        self.num_res_units, self.dropout, self.updates, self.lr, self.decay = num_res_units, dropout, 0, None, 0.0

    def parameters(self):
        return self

    def dice(self):
        d = 0.95 - abs(log10(self.lr) + 3.3) / 15 - abs(self.dropout - 0.1) / 3 - abs(self.num_res_units - 3) / 100 - abs(self.decay - 1e-3) * 10
        return d - 6 / (12 + self.updates)


class Adam:
    def __init__(self, model, lr=1e-3, weight_decay=0.0):
        self.model = model
        model.lr, model.decay = lr, weight_decay

    def zero_grad(self):
        pass

    def step(self):
        self.model.updates += 1


class DiceLoss:
    def __init__(self, to_onehot_y=False, softmax=False):
        pass

    def __call__(self, model):
        return 1.05 * (1 - model.dice())


class DiceMetric:
    def __init__(self, include_background=True, reduction="mean"):
        self.values = []

    def __call__(self, model):
        self.values.append(model.dice())

    def aggregate(self):
        return sum(self.values) / len(self.values)

    def reset(self):
        self.values = []
