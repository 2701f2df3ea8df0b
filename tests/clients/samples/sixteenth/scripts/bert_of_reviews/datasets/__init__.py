"""A small stand-in for the part of datasets that this script uses."""


class Dataset(list):
    def map(self, function, batched=False):
        return Dataset({**row, **function(row)} for row in self)


def load_dataset(name):
    return {"train": Dataset({"text": f"film number {i}", "label": i % 2} for i in range(640)), "test": Dataset({"text": f"film {i}", "label": i % 2} for i in range(160))}
