import math


def get_lr_scheduler(lr_decay_type, lr, min_lr, total_iters):
    if lr_decay_type == "cos":
        return lambda iters: min_lr + 0.5 * (lr - min_lr) * (1 + math.cos(math.pi * iters / total_iters))
    return lambda iters: lr * (min_lr / lr) ** (iters / total_iters)


def set_optimizer_lr(optimizer, lr_scheduler_func, epoch):
    optimizer["lr"] = lr_scheduler_func(epoch)


def show_config(**kwargs):
    print('Configurations:')
    print('-' * 70)
    print('|%25s | %40s|' % ('keys', 'values'))
    print('-' * 70)
    for key, value in kwargs.items():
        print('|%25s | %40s|' % (str(key), str(value)))
    print('-' * 70)
