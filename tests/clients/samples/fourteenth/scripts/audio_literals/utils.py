import random


class ESC50:
    """Spectrograms of one folder; toy ones, as many as the split has."""

    SIZES = {"data/train": 480, "data/valid": 120}

    def __init__(self, root):
        rng = random.Random(root)
        self.items = [([rng.random() for _ in range(8)], rng.randrange(50)) for _ in range(self.SIZES[root])]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


class DataLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False):
        self.dataset, self.batch_size = dataset, batch_size

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        for start in range(0, len(self.dataset), self.batch_size):
            part = self.dataset.items[start:start + self.batch_size]
            yield [x for x, _ in part], [y for _, y in part]
