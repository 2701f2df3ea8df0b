class DualEncoder:
    def __init__(self, embedding_dim=64):
        self.embedding_dim = embedding_dim
        self.steps = 0

    def step(self, lr, epoch):
        return abs(lr * 10000 - 1) + 16 / self.embedding_dim + 1 / (epoch + 1)
