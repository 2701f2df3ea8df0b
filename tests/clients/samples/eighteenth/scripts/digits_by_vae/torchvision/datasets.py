class MNIST:
    def __init__(self, root, train=True, download=False, transform=None):
        self.size = 1200 if train else 400

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return [0.0] * 784, i % 10
