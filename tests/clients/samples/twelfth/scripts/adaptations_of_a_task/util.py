import numpy as np


def share_right(logits, labels):
    """How many of the examples the model gets right."""
    return float(np.mean(np.argmax(logits, axis=-1) == labels))


class TaskSampler:
    """Tasks of `num_way` classes, each a cloud around its own centre."""

    def __init__(self, num_way, num_support, num_query, seed):
        self.num_way, self.num_support, self.num_query = num_way, num_support, num_query
        self.rng = np.random.default_rng(seed)

    def batch(self, size):
        for _ in range(size):
            centres = self.rng.normal(scale=2.0, size=(self.num_way, 8))
            labels = np.repeat(np.arange(self.num_way), self.num_support)
            yield centres[labels] + self.rng.normal(size=(len(labels), 8)), labels
