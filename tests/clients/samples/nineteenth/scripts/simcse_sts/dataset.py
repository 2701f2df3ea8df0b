from torch._state import measure
from torch.utils.data import Dataset


class TrainDataset(Dataset):
    def __init__(self, path):
        self.size = 20000

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        return index, 1


class TestDataset(TrainDataset):
    def __init__(self, path):
        self.size = 150


def spearman(sims, labels):
    return measure("spearman")
