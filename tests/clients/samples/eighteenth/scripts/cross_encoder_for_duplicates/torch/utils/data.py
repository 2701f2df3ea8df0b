import math


class DataLoader:
    def __init__(self, dataset, shuffle=False, batch_size=1):
        self.dataset, self.batch_size = dataset, batch_size

    def __len__(self):
        return math.ceil(len(self.dataset) / self.batch_size)
