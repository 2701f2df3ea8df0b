import math

from .._state import STATE, Tensor


class Dataset:
    pass


class TensorDataset(Dataset):
    def __init__(self, *tensors):
        self.tensors = tensors

    def __len__(self):
        return len(self.tensors[0])

    def __getitem__(self, i):
        return tuple(t[i] for t in self.tensors)


class Subset(Dataset):
    def __init__(self, dataset, indices):
        self.dataset, self.indices = dataset, list(indices)

    def __len__(self):
        return len(self.indices)

    def __getitem__(self, i):
        return self.dataset[self.indices[i]]


def random_split(dataset, lengths, generator=None):
    return [Subset(dataset, range(n)) for n in lengths]


class DataLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, num_workers=0, drop_last=False, **kwargs):
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, batch_size, shuffle, drop_last
        if shuffle:
            STATE.batch = batch_size

    def __len__(self):
        return len(self.dataset) // self.batch_size if self.drop_last else math.ceil(len(self.dataset) / self.batch_size)

    def __iter__(self):
        STATE.epochs += self.shuffle
        first = self.dataset[0]
        for i in range(len(self)):
            n = min(self.batch_size, len(self.dataset) - i * self.batch_size)
            yield {k: Tensor(0.0, n) for k in first} if isinstance(first, dict) else tuple(Tensor(0.0, n) for _ in first)
