#!/usr/bin/env python3
""" ImageNet-like Training Script

A small training script with a YAML config file whose values become the defaults of the arguments.
"""
import argparse
import logging
import math
import os
import time
from collections import OrderedDict
from datetime import datetime

import torch
import yaml

import utils

_logger = logging.getLogger('train')

# The first arg parser parses out only the --config argument, this argument is used to
# load a yaml file containing key-values that override the defaults for the main parser below
config_parser = parser = argparse.ArgumentParser(description='Training Config', add_help=False)
parser.add_argument('-c', '--config', default='', type=str, metavar='FILE',
                    help='YAML config file specifying default arguments')

parser = argparse.ArgumentParser(description='PyTorch ImageNet Training')

# Dataset parameters
group = parser.add_argument_group('Dataset parameters')
parser.add_argument('--data-dir', metavar='DIR', default='data/tiny',
                    help='path to dataset (root dir)')
group.add_argument('--train-split', metavar='NAME', default='train',
                   help='dataset train split (default: train)')
group.add_argument('--val-split', metavar='NAME', default='validation',
                   help='dataset validation split (default: validation)')

# Model parameters
group = parser.add_argument_group('Model parameters')
group.add_argument('--model', default='resnet26', type=str, metavar='MODEL',
                   help='Name of model to train (default: "resnet26")')
group.add_argument('--img-size', type=int, default=None, metavar='N',
                   help='Image size (default: None => model default)')
group.add_argument('-b', '--batch-size', type=int, default=128, metavar='N',
                   help='Input batch size for training (default: 128)')

# Optimizer parameters
group = parser.add_argument_group('Optimizer parameters')
group.add_argument('--opt', default='sgd', type=str, metavar='OPTIMIZER',
                   help='Optimizer (default: "sgd")')
group.add_argument('--momentum', type=float, default=0.9, metavar='M',
                   help='Optimizer momentum (default: 0.9)')
group.add_argument('--weight-decay', type=float, default=2e-5,
                   help='weight decay (default: 2e-5)')
group.add_argument('--clip-grad', type=float, default=None, metavar='NORM',
                   help='Clip gradient norm (default: None, no clipping)')

# Learning rate schedule parameters
group = parser.add_argument_group('Learning rate schedule parameters')
group.add_argument('--sched', type=str, default='cosine', metavar='SCHEDULER',
                   help='LR scheduler (default: "cosine"')
group.add_argument('--lr', type=float, default=0.05, metavar='LR',
                   help='learning rate')
group.add_argument('--warmup-lr', type=float, default=1e-5, metavar='LR',
                   help='warmup learning rate (default: 1e-5)')
group.add_argument('--epochs', type=int, default=6, metavar='N',
                   help='number of epochs to train (default: 6)')
group.add_argument('--warmup-epochs', type=int, default=1, metavar='N',
                   help='epochs to warmup LR, if scheduler supports')

# Augmentation & regularization parameters
group = parser.add_argument_group('Augmentation and regularization parameters')
group.add_argument('--mixup', type=float, default=0.0,
                   help='mixup alpha, mixup enabled if > 0. (default: 0.)')
group.add_argument('--smoothing', type=float, default=0.1,
                   help='Label smoothing (default: 0.1)')
group.add_argument('--drop', type=float, default=0.0, metavar='PCT',
                   help='Dropout rate (default: 0.)')

# Misc
group = parser.add_argument_group('Miscellaneous parameters')
group.add_argument('--seed', type=int, default=42, metavar='S',
                   help='random seed (default: 42)')
group.add_argument('--log-interval', type=int, default=4, metavar='N',
                   help='how many batches to wait before logging training status')
group.add_argument('-j', '--workers', type=int, default=4, metavar='N',
                   help='how many training processes to use (default: 4)')
group.add_argument('--amp', action='store_true', default=False,
                   help='use mixed precision training')
group.add_argument('--output', default='', type=str, metavar='PATH',
                   help='path to output folder (default: none, current dir)')
group.add_argument('--experiment', default='', type=str, metavar='NAME',
                   help='name of train experiment, name of sub-folder for output')
group.add_argument('--eval-metric', default='top1', type=str, metavar='EVAL_METRIC',
                   help='Best metric (default: "top1")')


def _parse_args():
    # Do we have a config file to parse?
    args_config, remaining = config_parser.parse_known_args()
    if args_config.config:
        with open(args_config.config, 'r') as f:
            cfg = yaml.safe_load(f)
            parser.set_defaults(**cfg)

    # The main arg parser parses the rest of the args, the usual
    # defaults will have been overridden if config file specified.
    args = parser.parse_args(remaining)

    # Cache the args as a text string to save them in the output dir later
    args_text = yaml.safe_dump(args.__dict__, default_flow_style=False)
    return args, args_text


def top1_of(args, epoch):
    miss = 10 + 4 * abs(math.log10(args.lr) + 1) + 2 * abs(math.log10(args.weight_decay) + 4)
    miss += 256 / args.batch_size + 20 * abs(args.momentum - 0.9) + 30 * abs(args.smoothing - 0.1)
    miss += 10 * abs(args.mixup - 0.2) + 15 * args.drop + 12 / (1 + epoch)
    return 100 - miss


def main():
    utils.setup_default_logging()
    args, args_text = _parse_args()
    torch.manual_seed(args.seed)

    _logger.info('Training with a single process on 1 device (cpu).')
    _logger.info(f'Model {args.model} created, param count:13995400')
    _logger.info(f'Scheduled epochs: {args.epochs}. LR stepped per epoch.')

    exp_name = args.experiment or '-'.join([datetime.now().strftime("%Y%m%d-%H%M%S"), args.model, str(args.img_size or 224)])
    output_dir = utils.get_outdir(args.output if args.output else './output/train', exp_name)
    with open(os.path.join(output_dir, 'args.yaml'), 'w') as f:
        f.write(args_text)

    best_metric, best_epoch = None, None
    for epoch in range(args.epochs):
        train_metrics = train_one_epoch(epoch, args)
        eval_metrics = validate(epoch, args)
        utils.update_summary(epoch, train_metrics, eval_metrics, os.path.join(output_dir, 'summary.csv'),
                             write_header=best_metric is None)
        if best_metric is None or eval_metrics[args.eval_metric] > best_metric:
            best_metric, best_epoch = eval_metrics[args.eval_metric], epoch
            torch.save({'epoch': epoch, 'metric': best_metric}, os.path.join(output_dir, 'model_best.pth.tar'))
        _logger.info('Current checkpoints:\n {}\n'.format((os.path.join(output_dir, f'checkpoint-{epoch}.pth.tar'),
                                                         eval_metrics[args.eval_metric])))

    if best_metric is not None:
        _logger.info('*** Best metric: {0} (epoch {1})'.format(best_metric, best_epoch))


def train_one_epoch(epoch, args):
    losses_m, batch_time_m = utils.AverageMeter(), utils.AverageMeter()
    end, num_batches = time.time(), 12
    for batch_idx in range(num_batches):
        lr = args.warmup_lr if epoch < args.warmup_epochs else args.lr * 0.5 * (1 + math.cos(math.pi * epoch / args.epochs))
        losses_m.update((101 - top1_of(args, epoch)) / 15 + 0.1 * (num_batches - batch_idx) / num_batches, args.batch_size)
        batch_time_m.update(time.time() - end)
        end = time.time()
        if batch_idx % args.log_interval == 0 or batch_idx == num_batches - 1:
            _logger.info(
                f'Train: {epoch} [{batch_idx:>4d}/{num_batches} '
                f'({100. * batch_idx / (num_batches - 1):>3.0f}%)]  '
                f'Loss: {losses_m.val:#.3g} ({losses_m.avg:#.3g})  '
                f'Time: {batch_time_m.val:.3f}s, {args.batch_size / (batch_time_m.val + 1e-6):>7.2f}/s  '
                f'LR: {lr:.3e}  '
            )
    return OrderedDict([('loss', losses_m.avg)])


def validate(epoch, args):
    losses_m, top1_m, top5_m, batch_time_m = (utils.AverageMeter() for _ in range(4))
    top1, num_batches = top1_of(args, epoch), 4
    for batch_idx, shift in enumerate((-1.5, 0.5, -0.5, 1.5)):
        losses_m.update((100 - top1 - shift) / 12, args.batch_size)
        top1_m.update(top1 + shift, args.batch_size)
        top5_m.update(min(100.0, top1 + shift + 8), args.batch_size)
        batch_time_m.update(0.001)
        if batch_idx == num_batches - 1 or batch_idx % args.log_interval == 0:
            _logger.info(
                f'Test: [{batch_idx:>4d}/{num_batches - 1}]  '
                f'Time: {batch_time_m.val:.3f} ({batch_time_m.avg:.3f})  '
                f'Loss: {losses_m.val:>7.3f} ({losses_m.avg:>6.3f})  '
                f'Acc@1: {top1_m.val:>7.3f} ({top1_m.avg:>7.3f})  '
                f'Acc@5: {top5_m.val:>7.3f} ({top5_m.avg:>7.3f})'
            )
    return OrderedDict([('loss', losses_m.avg), ('top1', top1_m.avg), ('top5', top5_m.avg)])


if __name__ == '__main__':
    main()
