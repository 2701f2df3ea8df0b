class MnistModel:
    def parameters(self):
        return [0.0]


class Adam:
    def __init__(self, params, lr=1e-3):
        self.lr = lr


class CrossEntropyLoss:
    def __call__(self, batch_size, epoch):
        return 64 / batch_size + 1 / epoch
