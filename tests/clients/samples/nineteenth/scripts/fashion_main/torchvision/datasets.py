"""A small stand-in for torchvision's data sets."""


class FashionMNIST:
    def __init__(self, root, train=True, download=False, transform=None):
        self.size = 6000 if train else 1000

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return [0.0], i % 10
