class Net:
    def __init__(self, width, dropout):
        self.width, self.dropout = width, dropout


class Adam:
    def __init__(self, lr, betas):
        self.lr, self.betas = lr, betas


class Sgd:
    def __init__(self, lr):
        self.lr, self.betas = lr, [0]
