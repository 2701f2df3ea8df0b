import numpy as np


def load_data(opt):
    """A random graph of 120 nodes in four communities."""
    rng = np.random.default_rng(0)
    n = 120
    labels = np.arange(n) % 4
    same = labels[:, None] == labels[None, :]
    adj = (rng.random((n, n)) < np.where(same, 0.2, 0.02)).astype(float)
    adj = np.maximum(adj, adj.T) + np.eye(n)
    adj /= adj.sum(1, keepdims=True)
    features = np.eye(4)[labels] + rng.normal(scale=1.5, size=(n, 4))
    order = rng.permutation(n)
    return adj, features, labels, order[:40], order[40:80], order[80:]


class Dataload(object):
    def __init__(self, labels, idx):
        self.labels = labels[idx]
        self.idx = idx

    def __len__(self):
        return len(self.idx)

    def batches(self, size):
        for start in range(0, len(self), size):
            yield self.idx[start:start + size], self.labels[start:start + size]
