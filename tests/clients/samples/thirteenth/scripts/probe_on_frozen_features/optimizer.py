import math


class SGD:
    def __init__(self, lr):
        self.param_groups = [{'lr': lr}]


def load_optimizer(args, model):
    return SGD(args.lr)


class Scheduler:
    def __init__(self, args, optimizer):
        self.args, self.optimizer, self.epoch = args, optimizer, 0

    def step(self):
        self.epoch += 1
        a = self.args
        if a.lr_scheduler == 'cosine':
            lr = a.eta_min + (a.lr - a.eta_min) * (1 + math.cos(math.pi * self.epoch / a.epochs)) / 2
        else:
            lr = a.lr * a.gamma ** self.epoch
        self.optimizer.param_groups[0]['lr'] = lr


def get_lr_scheduler(args, optimizer):
    return Scheduler(args, optimizer)
