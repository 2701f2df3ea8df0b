from math import log10


class Classifier:
    """An encoder of some layers; a teacher knows the task already."""

    def __init__(self, layers, hidden, quality=None):
        self.layers, self.hidden, self.quality, self.seen = layers, hidden, quality, 0.0

    def parameters(self):
        return self.layers * 12 * self.hidden ** 2


def accuracy(student, args):
    a = 0.95 - 0.1 / student.layers - 8 / student.hidden - abs(log10(args.lr) + 4) / 15 - abs(args.temperature - 3) / 100
    a -= abs(args.alpha - 0.7) / 8 + args.beta / 50 + abs(args.weight_decay - 0.02) + args.batch_size / 4000 + abs(args.warmup_proportion - 0.06) / 5
    return a - 0.12 / (0.2 + student.seen)
