class TransE:
    def __init__(self, gamma):
        self.gamma = float(gamma)

    def loss(self, lr, batch_size, epoch):
        return abs(lr * 10 - 1) + 4 / batch_size + self.gamma + 1 / epoch
