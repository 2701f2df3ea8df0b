from math import log10

NETS = {'resnet18': 0.05, 'vgg16': 0.07, 'mobilenetv2': 0.06}


class Net:
    def __init__(self, name):
        self.base, self.name, self.seen = NETS[name], name, 0.0

    def error(self, args, train):
        e = self.base + abs(log10(args.lr) + 1.3) / 12 + abs(args.momentum - 0.9) / 2 + abs(log10(args.weight_decay + 1e-12) + 3.3) / 40
        e += args.batch_size / 6400 + 0.3 / (0.5 + self.seen)
        return e * 0.8 if train else e
