import argparse
import math
import os
import warnings

import numpy as np
from tqdm import tqdm

from logger import setup_logger

warnings.filterwarnings("ignore")


class Chart:
    """Images of charts, one label of fifteen each; only the labels are kept."""

    def __init__(self, number, seed):
        self.labels = np.random.default_rng(seed).integers(0, N_CLASSES, number)

    def loader(self, batch_size):
        for start in range(0, len(self.labels), batch_size):
            yield self.labels[start:start + batch_size]


class Net:
    def __init__(self, name):
        self.name = name
        self.share = 0.0

    def accuracy(self):
        top = 0.95 - 0.06 * abs(math.log10(args.lr) + 3.5) - abs(args.batch_size - 16) / 400 - 0.3 / args.n_epochs
        if args.label_smoothing:
            top += 0.01
        return max(0.0, top) * self.share


def train_fn(net, dataset, epoch):
    running_loss = 0
    pbar = tqdm(total=math.ceil(len(dataset.labels) / args.batch_size), desc='Training')
    for labels in dataset.loader(args.batch_size):
        net.share = share_after(epoch)
        loss = 1.05 - net.accuracy()
        running_loss += loss * len(labels)
        pbar.update()
    pbar.close()
    accuracy = min(1.0, net.accuracy() + 0.03)
    return running_loss / len(dataset.labels), accuracy, accuracy - 0.01


def valid_fn(net, dataset):
    running_loss = 0
    pbar = tqdm(total=math.ceil(len(dataset.labels) / args.batch_size), desc='Validation')
    for labels in dataset.loader(args.batch_size):
        running_loss += (1.1 - net.accuracy()) * len(labels)
        pbar.update()
    pbar.close()
    return running_loss / len(dataset.labels), net.accuracy(), net.accuracy() - 0.015


def share_after(epoch):
    """How much is learned: all of it after two thirds of the epochs, then the net overfits."""
    peak = math.ceil(2 * args.n_epochs / 3)
    return min(1.0, (epoch + 1) / peak) - 0.01 * max(0, epoch + 1 - peak)


def get_lr(epoch):
    return args.lr * 0.5 * (1 + math.cos(math.pi * epoch / args.n_epochs))


def train(train_dataset, valid_dataset, fold_idx=None):
    model = Net(args.model)
    logger.info('=> using {}.'.format(args.model))
    if args.label_smoothing:
        logger.info('=> using label smoothing.')

    best_acc = 0
    best_f1 = 0
    for epoch in range(args.n_epochs):
        tl, ta, tf = train_fn(model, train_dataset, epoch)
        vl, va, vf = valid_fn(model, valid_dataset)

        if vf > best_f1:
            np.savez(os.path.join(args.run_root, 'best-model.npz'), share=model.share)
            best_f1 = vf
        if va > best_acc:
            best_acc = va
        np.savez(os.path.join(args.run_root, 'model.npz'), share=model.share)

        printstr = '' if fold_idx is None else 'Fold_{} '.format(fold_idx)
        printstr += 'Epoch: {:4f}'.format(epoch) + ', lr: {:4f}'.format(get_lr(epoch)) + ', Train loss: {:4f}'.format(tl) \
            + ', Val loss: {:4f}'.format(vl) + ', Train acc: {:4f}'.format(ta) + ', Val acc: {:4f}'.format(va) \
            + ', Train f1: {:4f}'.format(tf) + ', Val f1: {:4f}'.format(vf) \
            + ', Best acc: {:4f}'.format(best_acc) + ', Best f1: {:4f}'.format(best_f1)
        logger.info(printstr)
        tqdm.write(printstr)


if __name__ == '__main__':

    # hyper parameters
    parser = argparse.ArgumentParser()
    arg = parser.add_argument
    arg('mode', choices=['train', 'validate', 'predict_valid', 'predict_test'])
    arg('run_root')
    arg('--model', default='efficientnet-b5')
    arg('--batch-size', type=int, default=8)
    arg('--workers', type=int, default=4)
    arg('--lr', type=float, default=8e-4)
    arg('--n-epochs', type=int, default=6)
    arg('--tta', type=int, default=4)

    arg('--model_path', type=str, default=None)
    arg('--aug', type=str, default=None)
    arg('--pool_type', type=str, default=None)
    arg('--root', type=str, default='')
    arg('--cutmix', type=bool, default=False)
    arg('--mixup', type=bool, default=False)
    arg('--focal_loss', type=bool, default=False)
    arg('--label_smoothing', type=bool, default=False)

    arg('--debug', action='store_true', help='use debug')
    arg('--dataset_type', type=str, default='pillow', help='choose from [pillow,cv2].')

    args = parser.parse_args()

    os.makedirs(args.run_root, exist_ok=True)
    N_CLASSES = 15
    logger = setup_logger("Chart", args.run_root, 0)
    logger.info(args)

    train_data = Chart(400, seed=0)
    test_data = Chart(100, seed=1)
    if args.debug:
        logger.info('=> debug..')
        train_data = Chart(120, seed=0)

    kfold_flag = False
    n_splits = 5
    if args.mode == 'train':
        if not kfold_flag:
            train(train_data, test_data)
        else:
            for fold_idx in range(n_splits):
                train(train_data, test_data, fold_idx)
    elif args.mode == 'validate':
        model = Net(args.model)
        model.share = float(np.load(os.path.join(args.run_root, 'best-model.npz'))['share'])
        logger.info('Validation: {}'.format(valid_fn(model, test_data)))
