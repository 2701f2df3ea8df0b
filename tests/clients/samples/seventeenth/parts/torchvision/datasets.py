class CIFAR10:
    classes = list("abcdefghij")

    def __init__(self, root, train=True, download=False, transform=None):
        self.size = 5000 if train else 1000

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return [0.0], i % 10


class ImageFolder(CIFAR10):
    classes = ["angular_leaf_spot", "bean_rust", "healthy"]

    def __init__(self, root, transform=None):
        self.size = 600 if "train" in str(root) else 120
