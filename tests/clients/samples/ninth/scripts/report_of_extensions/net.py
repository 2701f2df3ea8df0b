class MLP:
    depth = 1

    def __init__(self, n_units, n_out, activation):
        self.n_units, self.n_out, self.activation = n_units, n_out, activation

    def __call__(self, updater, epoch):
        loss = 100 / self.n_units + updater.batchsize / 1000 + 0.2 / self.depth + updater.optimizer.speed
        return loss + {'sigmoid': 0.3, 'tanh': 0.1, 'relu': 0.0}[self.activation] + 0.5 / epoch


class MLP1(MLP):
    depth = 1


class MLP2(MLP):
    depth = 2


class MLP3(MLP):
    depth = 3
