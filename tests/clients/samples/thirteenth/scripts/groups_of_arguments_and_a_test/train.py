"""
Training of contrast discrimination; the best checkpoint is tested at the end.
"""

import csv
import json
import os
import random
import subprocess
import sys

from visionlab.arguments import train_arg_parser
from visionlab.routine import train_on_data, validate_on_data


def _prepare_training(args):
    args.out_dir = os.path.join(args.output_dir, args.db, args.architecture, args.experiment_name)
    os.makedirs(args.out_dir, exist_ok=True)
    with open(os.path.join(args.out_dir, 'args.json'), 'w') as f:
        json.dump(vars(args), f, indent=4)
    if args.random_seed is not None:
        random.seed(args.random_seed)
    return args


def _adjust_learning_rate(args, epoch):
    lr = args.learning_rate * (0.1 ** (epoch // max(1, args.epochs // 3)))
    print('epoch {} learning rate: {:.6f}'.format(epoch, lr))
    return lr


def _save_checkpoint(args, epoch, best_acc1, is_best):
    state = {'epoch': epoch + 1, 'arch': args.architecture, 'best_acc1': best_acc1}
    names = ['checkpoint.json'] + (['model_best.json'] if is_best else [])
    for name in names:
        with open(os.path.join(args.out_dir, name), 'w') as f:
            json.dump(state, f)


def main(argvs):
    args = _prepare_training(train_arg_parser(argvs))
    print('=> creating model {}'.format(args.architecture))

    best_acc1 = 0
    model_progress = []
    progress_path = os.path.join(args.out_dir, 'model_progress.csv')
    for epoch in range(args.initial_epoch, args.epochs):
        lr = _adjust_learning_rate(args, epoch)
        train_loss, train_acc = train_on_data(args, epoch)
        val_loss, val_acc = validate_on_data(args, epoch)

        model_progress.append([epoch, lr, train_loss, train_acc, val_loss, val_acc])
        with open(progress_path, 'w', newline='') as f:
            writer = csv.writer(f, delimiter=';')
            writer.writerow(['epoch', 'lr', 't_loss', 't_top1', 'v_loss', 'v_top1'])
            writer.writerows(model_progress)

        is_best = val_acc > best_acc1
        best_acc1 = max(val_acc, best_acc1)
        _save_checkpoint(args, epoch, best_acc1, is_best)

    print('Finished training, testing the best checkpoint')
    command = [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'evaluate.py'),
               '--model_path', os.path.join(args.out_dir, 'model_best.json'), '--db', args.db]
    sys.stdout.flush()
    subprocess.run(command, check=True)


if __name__ == '__main__':
    main(sys.argv[1:])
