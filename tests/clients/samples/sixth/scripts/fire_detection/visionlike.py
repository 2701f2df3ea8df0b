class Dropout:
    def __init__(self, p=0.5):
        self.p = p


class Adam:
    def __init__(self, params, lr=1e-3, weight_decay=0):
        self.lr, self.weight_decay = lr, weight_decay


class DataLoader:
    def __init__(self, data, batch_size=1, shuffle=False):
        self.batch_size = batch_size

    def __len__(self):
        return 3
