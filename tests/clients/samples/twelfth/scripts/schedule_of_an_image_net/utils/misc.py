import os


def mkdir_p(path):
    """Make a folder unless it is there."""
    os.makedirs(path, exist_ok=True)


class AverageMeter(object):
    """A running mean"""

    def __init__(self):
        self.total, self.n, self.val = 0.0, 0, 0.0

    def update(self, val, n=1):
        self.val = val
        self.total += n * val
        self.n += n

    @property
    def avg(self):
        return self.total / self.n if self.n else 0.0
