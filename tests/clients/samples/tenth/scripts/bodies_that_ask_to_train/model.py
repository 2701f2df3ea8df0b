import math


class IN:
    extra = 0.1

    def __init__(self, n_bodies):
        self.n_bodies = n_bodies

    def mse(self, lr, l2_norm, batch_size, epoch, fold):
        error = 0.5 + abs(math.log10(lr) + 3.5) / 4 + 50 * l2_norm + batch_size / 4000 + self.n_bodies / 100
        return error + self.extra + 0.5 / (epoch + 1) + 0.0002 * fold


class IN_ODE(IN):
    extra = 0.0
