import csv

from torch._state import STATE
from torch.utils.data import Dataset


def read_series(path):
    with open(path, newline="") as f:
        return [float(row["close"]) for row in csv.DictReader(f)]


class WindowDataset(Dataset):
    def __init__(self, series, window, horizon):
        self.series, self.window, self.horizon = series, window, horizon
        STATE.window = window

    def __len__(self):
        return len(self.series) - self.window - self.horizon

    def __getitem__(self, i):
        return self.series[i : i + self.window], self.series[i + self.window : i + self.window + self.horizon]
