import numpy as np


def generate(distance, error_rate, count, seed):
    """Syndromes as images and the qubits with an error."""
    rng = np.random.default_rng(seed)
    features = rng.integers(0, 2, (count, 1, 2 * distance - 1, 2 * distance - 1)).astype(np.float32)
    labels = (rng.random((count, 3 * distance - 2)) < error_rate).astype(np.float32)
    return features, labels


class QECDataset:
    def __init__(self, features, labels):
        self.features, self.labels = features, labels

    def batches(self, size):
        for start in range(0, len(self.features), size):
            yield self.features[start:start + size], self.labels[start:start + size]
