"""A small stand-in for the part of datasets that this script uses."""


class Dataset:
    def __init__(self, n):
        self.rows = {"sentence1": [f"a{i}" for i in range(n)], "sentence2": [f"b{i}" for i in range(n)], "score": [i % 6 / 5 for i in range(n)]}

    def __len__(self):
        return len(self.rows["score"])

    def __getitem__(self, key):
        return self.rows[key]


def load_dataset(name, split):
    return Dataset({"train": 640, "validation": 150, "test": 138}[split])
