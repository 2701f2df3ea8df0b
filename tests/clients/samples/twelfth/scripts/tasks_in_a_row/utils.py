import numpy as np


class Permutator:
    """A fixed order of the features for every task."""

    def __init__(self, num_tasks, size=49):
        rng = np.random.default_rng(0)
        self.orders = [np.arange(size)] + [rng.permutation(size) for _ in range(num_tasks - 1)]

    def permute_batch(self, batch, task_id):
        X, y = batch
        return X[:, self.orders[task_id]], y


def loader(batch_size, n=512, seed=0):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n, 49)), rng.integers(0, 10, size=n)
    return [(X[i:i + batch_size], y[i:i + batch_size]) for i in range(0, n, batch_size)]
