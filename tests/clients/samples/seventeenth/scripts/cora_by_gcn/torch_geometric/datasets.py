from types import SimpleNamespace

from torch import Tensor


class Planetoid:
    num_features, num_classes = 1433, 7

    def __init__(self, root, name, transform=None):
        self.name = name

    def __getitem__(self, i):
        data = SimpleNamespace(x=Tensor(0.0, 2708), edge_index=Tensor(0.0, 10556), y=Tensor(0.0, 2708))
        data.train_mask, data.val_mask, data.test_mask = Tensor(0.0, 140), Tensor(0.0, 500), Tensor(0.0, 1000)
        data.to = lambda device: data
        return data
