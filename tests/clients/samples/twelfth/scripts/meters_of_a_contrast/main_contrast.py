from __future__ import print_function

import argparse
import math
import os
import sys
import time

import numpy as np

from util import AverageMeter, adjust_learning_rate, save_model


def parse_option():
    parser = argparse.ArgumentParser('contrastive pretraining')

    parser.add_argument('--print_freq', type=int, default=10, help='steps between two lines')
    parser.add_argument('--save_freq', type=int, default=5, help='epochs between two checkpoints')
    parser.add_argument('--batch_size', type=int, default=256, help='batch_size')
    parser.add_argument('--num_workers', type=int, default=16, help='loader processes')
    parser.add_argument('--epochs', type=int, default=6, help='epochs')

    # optimization
    parser.add_argument('--learning_rate', type=float, default=0.05, help='learning rate')
    parser.add_argument('--lr_decay_epochs', type=str, default='4,5', help='epochs, with commas')
    parser.add_argument('--lr_decay_rate', type=float, default=0.1, help='factor at these epochs')
    parser.add_argument('--weight_decay', type=float, default=1e-4, help='weight decay')
    parser.add_argument('--momentum', type=float, default=0.9, help='momentum')

    # model dataset
    parser.add_argument('--model', type=str, default='resnet50')
    parser.add_argument('--dataset', type=str, default='cifar10', choices=['cifar10', 'cifar100', 'path'])
    parser.add_argument('--data_folder', type=str, default=None, help='folder of your own pictures')
    parser.add_argument('--size', type=int, default=32, help='side of a crop')

    # method
    parser.add_argument('--method', type=str, default='SupCon', choices=['SupCon', 'SimCLR'], help='with or without labels')

    # temperature
    parser.add_argument('--temp', type=float, default=0.07, help='temperature of the softmax')

    # other setting
    parser.add_argument('--cosine', action='store_true', help='cosine instead of steps')
    parser.add_argument('--warm', action='store_true', help='slow start')
    parser.add_argument('--trial', type=str, default='0', help='name of a repetition')

    opt = parser.parse_args()

    if opt.data_folder is None:
        opt.data_folder = './datasets/'
    opt.model_path = './save/{}/{}_models'.format(opt.method, opt.dataset)

    opt.lr_decay_epochs = [int(epoch) for epoch in opt.lr_decay_epochs.split(',')]

    opt.model_name = '{}_{}_{}_lr_{}_decay_{}_bsz_{}_temp_{}_trial_{}'.format(
        opt.method, opt.dataset, opt.model, opt.learning_rate, opt.weight_decay, opt.batch_size, opt.temp, opt.trial)
    if opt.cosine:
        opt.model_name = '{}_cosine'.format(opt.model_name)

    # big batches start slowly
    if opt.batch_size > 256:
        opt.warm = True
    if opt.warm:
        opt.model_name = '{}_warm'.format(opt.model_name)

    opt.save_folder = os.path.join(opt.model_path, opt.model_name)
    if not os.path.isdir(opt.save_folder):
        os.makedirs(opt.save_folder)
    return opt


def level(opt):
    """The contrastive loss that these settings end with."""
    loss = 1.8
    loss += 0.3 * abs(math.log10(opt.learning_rate) + 0.5)
    loss += 0.1 * abs(math.log10(opt.weight_decay) + 3.5)
    loss += 3.0 * abs(opt.temp - 0.1)
    loss += 0.5 * abs(opt.momentum - 0.95)
    loss += 64.0 / opt.batch_size
    loss -= 0.15 if opt.cosine else 0.0
    return loss


def train(opt, epoch, rng, steps=20):
    """Train for one epoch; the mean loss of it."""
    batch_time = AverageMeter()
    data_time = AverageMeter()
    losses = AverageMeter()

    end = time.time()
    for idx in range(steps):
        data_time.update(time.time() - end)
        bsz = opt.batch_size
        features = rng.normal(size=(64, 32))
        features /= np.linalg.norm(features, axis=1, keepdims=True)
        float((features @ features.T).mean())

        # compute loss: it goes down within the epoch, and from epoch to epoch
        loss = level(opt) * (1 + (1 - epoch / opt.epochs)) + 0.02 * ((steps - 1) / 2 - idx) / steps
        losses.update(loss, bsz)
        batch_time.update(time.time() - end)
        end = time.time()

        if (idx + 1) % opt.print_freq == 0:
            print('Train: [{0}][{1}/{2}]\t'
                  'BT {batch_time.val:.3f} ({batch_time.avg:.3f})\t'
                  'DT {data_time.val:.3f} ({data_time.avg:.3f})\t'
                  'loss {loss.val:.3f} ({loss.avg:.3f})'.format(
                      epoch, idx + 1, steps, batch_time=batch_time, data_time=data_time, loss=losses))
            sys.stdout.flush()

    return losses.avg


def main():
    opt = parse_option()
    rng = np.random.default_rng(0)

    for epoch in range(1, opt.epochs + 1):
        lr = adjust_learning_rate(opt, epoch)

        time1 = time.time()
        loss = train(opt, epoch, rng)
        time2 = time.time()
        print('epoch {}, total time {:.2f}, learning_rate {:.5f}, loss {:.4f}'.format(
            epoch, time2 - time1, lr, loss))

        if epoch % opt.save_freq == 0:
            save_model(opt, epoch, os.path.join(opt.save_folder, 'ckpt_epoch_{epoch}.pth'.format(epoch=epoch)))

    save_model(opt, opt.epochs, os.path.join(opt.save_folder, 'last.pth'))


if __name__ == '__main__':
    main()
