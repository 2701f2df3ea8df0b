import numpy as np

x_map = {
    "atomic_num": list(range(119)),
    "degree": list(range(11)),
    "formal_charge": list(range(-5, 7)),
    "is_aromatic": [False, True],
}


class SyntheticGraphs:
    """Molecules with embeddings of their descriptions."""

    def __init__(self, number, emb_dim, seed):
        rng = np.random.default_rng(seed)
        self.text = rng.normal(size=(number, emb_dim))
        self.text /= np.linalg.norm(self.text, axis=1, keepdims=True)

    def __len__(self):
        return len(self.text)

    def batches(self, batch_size):
        for start in range(0, len(self), batch_size):
            yield self.text[start:start + batch_size]


def load_splits(emb_dim=32):
    return SyntheticGraphs(640, emb_dim, 0), SyntheticGraphs(200, emb_dim, 1)
