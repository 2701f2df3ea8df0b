from __future__ import print_function

import math
import pickle


class AverageMeter(object):
    """The last value and the mean of all"""
    def __init__(self):
        self.val = self.avg = self.sum = self.count = 0

    def update(self, val, n=1):
        self.val = val
        self.sum += val * n
        self.count += n
        self.avg = self.sum / self.count


def adjust_learning_rate(args, epoch):
    lr = args.learning_rate
    if args.cosine:
        eta_min = lr * (args.lr_decay_rate ** 3)
        lr = eta_min + (lr - eta_min) * (1 + math.cos(math.pi * epoch / args.epochs)) / 2
    else:
        steps = sum(epoch > one for one in args.lr_decay_epochs)
        if steps > 0:
            lr = lr * (args.lr_decay_rate ** steps)
    return lr


def save_model(opt, epoch, save_file):
    print('==> Saving...')
    with open(save_file, 'wb') as f:
        pickle.dump({'opt': vars(opt), 'epoch': epoch}, f)
