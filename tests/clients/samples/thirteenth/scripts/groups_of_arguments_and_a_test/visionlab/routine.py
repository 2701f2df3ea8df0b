import math
import time


def top1(args, share):
    """Accuracy in percent after a share of the training."""
    top = 92 - 8 * abs(math.log10(args.learning_rate) + 1.5) - 40 * abs(args.momentum - 0.95)
    top -= 2 * abs(math.log10(args.weight_decay) + 4.5) + abs(args.batch_size - 32) / 16
    top -= {'resnet18': 1.0, 'resnet50': 0.0, 'vgg16': 3.0}[args.architecture] + 2 / args.epochs
    return 50 + (top - 50) * share


def _do_epoch(name, args, epoch, batches, accuracy, quiet=False):
    loss_avg = 0
    start = time.perf_counter()
    for i in range(batches):
        acc = accuracy((i + 1) / batches)
        loss = -math.log(max(acc, 1) / 100)
        loss_avg = (loss_avg * i + loss) / (i + 1)
        if i % args.print_freq == 0:
            print('{0}: [{1}][{2}/{3}]\tTime {4:.3f}\tLoss {5:.4f} ({6:.4f})\tAcc@1 {7:.3f}'.format(
                name, epoch, i, batches, time.perf_counter() - start, loss, loss_avg, acc))
    return loss_avg, acc


def train_on_data(args, epoch):
    batches = max(1, 960 // args.batch_size)
    start, end = epoch / args.epochs, (epoch + 1) / args.epochs
    return _do_epoch('Train', args, epoch, batches, lambda done: top1(args, start + (end - start) * done) + 1)


def validate_on_data(args, epoch):
    batches = max(1, 320 // args.batch_size)
    loss, acc = _do_epoch('Test', args, epoch, batches, lambda done: top1(args, (epoch + 1) / args.epochs))
    print(' * Acc@1 {:.3f} Loss {:.3f}'.format(acc, loss))
    return loss, acc
