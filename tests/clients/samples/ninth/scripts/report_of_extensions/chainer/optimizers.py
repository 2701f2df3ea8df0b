class Optimizer:
    speed = 0.0

    def setup(self, model):
        self.target = model


class SGD(Optimizer):
    speed = 0.3


class MomentumSGD(Optimizer):
    speed = 0.2


class AdaGrad(Optimizer):
    speed = 0.25


class Adam(Optimizer):
    speed = 0.0
