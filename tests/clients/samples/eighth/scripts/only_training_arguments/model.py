class ReviewClassifier:
    def __init__(self, lr, weight_decay, batch_size, warmup):
        self.loss = abs(lr * 10000 - 1) + weight_decay + 2 / batch_size + warmup / 10000

    def fit(self, epoch):
        loss = self.loss + 1 / epoch
        return loss, 1 - loss / 4
