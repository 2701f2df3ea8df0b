"""A small stand-in for the part of datasets that this script uses."""


def load_dataset(*names):
    return {split: [{"idx": i, "label": i % 2} for i in range(n)] for split, n in (("train", 640), ("validation", 160))}
