from torch._state import STATE
from torch.utils.data import Dataset


def load_all():
    """Numbers of users and items of MovieLens 1M."""
    return 6040, 3706


class NCFData(Dataset):
    def __init__(self, size, num_ng=0, is_training=False):
        self.size, self.num_ng, self.is_training = size, num_ng, is_training
        if is_training:
            STATE.num_ng = num_ng

    def ng_sample(self):
        assert self.is_training, "no need to sample when testing"

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return i % 97, i % 31, i % 2
