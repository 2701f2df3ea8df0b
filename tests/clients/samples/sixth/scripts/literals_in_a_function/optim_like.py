class AdamW:
    def __init__(self, parameters, lr=1e-3, weight_decay=0.0):
        self.lr, self.weight_decay = lr, weight_decay


class DataLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, num_workers=0, pin_memory=False):
        self.batch_size = batch_size
