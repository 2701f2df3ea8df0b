import numpy as np


class Dataset(object):
    """Discs of random size on a dark ground."""

    def __init__(self, set_name, rng, num_samples):
        self.set_name = set_name
        self.rng = rng
        self.num_samples = num_samples
        grid = np.arange(24)
        self.xx, self.yy = np.meshgrid(grid, grid)

    def get_batch(self, batch_sz):
        cx, cy = self.rng.integers(6, 18, size=(2, batch_sz))
        r = self.rng.integers(3, 7, size=batch_sz)
        d = (self.xx - cx[:, None, None]) ** 2 + (self.yy - cy[:, None, None]) ** 2
        mask = (d < (r ** 2)[:, None, None]).astype(float)
        return mask + self.rng.normal(scale=0.3, size=mask.shape), mask
