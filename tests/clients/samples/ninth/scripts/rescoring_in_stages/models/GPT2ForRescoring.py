class CLMRescorer:
    def __init__(self, device, lr=1e-4, mode='scoring', batch=1, nbest=10):
        self.lr = float(lr)
        self.mode = mode
        self.batch, self.nbest = batch, nbest
        self.epochs = 0

    def __call__(self, data):
        loss = abs(self.lr * 10000 - 1) + 2 / self.batch + 5 / self.nbest + 0.2 * (self.mode == 'correction')
        return loss + 1 / max(self.epochs, 1)
