import math


class CSIRSCPoseDG:
    """A student whose error follows from its settings."""

    def __init__(self, args):
        self.args = args
        self.epochs = 0

    def mpjpe(self):
        a = self.args
        error = 90 + 10 * abs(math.log10(a.lr) + 3.5) + 20 * abs(a.lambda_distill - 0.3)
        error += 40 / (a.batch_size * a.accumulate_grad) + 20 * abs(a.transformer_dropout - 0.2)
        error += 100 * abs(a.weight_decay - 0.01) + 12 / a.num_transformer_layers + 640 / a.global_dim
        error += 2 * abs(a.lambda1 - 0.5) + 3 * abs(a.lambda2 - 0.5) + abs(a.lambda3 - 1)
        return error + 30 / self.epochs
