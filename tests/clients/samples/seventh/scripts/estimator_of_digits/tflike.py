import sys


class CIFAR:
    def __init__(self, path, shuffle=False, normalize=False, augment=False, one_hot=True, batch_size=32):
        self.batch_size, self.augment = batch_size, augment


class Estimator:
    def __init__(self, model_fn=None, model_dir=None):
        self.steps = 0

    def train(self, input_fn, steps):
        self.data, self.steps = input_fn(), self.steps + steps
        for step in (1, 101):
            sys.stderr.write(f"INFO:tensorflow:loss = {2.3 - step / 1000:.7f}, step = {step} (0.412 sec)\n")

    def evaluate(self, input_fn):
        lost = 8 / self.data.batch_size + 0.1 * self.data.augment + 100 / self.steps
        return {'accuracy': 0.95 - lost / 10, 'loss': lost, 'global_step': self.steps}
