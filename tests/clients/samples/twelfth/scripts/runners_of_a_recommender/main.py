# -*- coding: UTF-8 -*-
import argparse
import logging
import os
import random
import sys

import numpy as np

from helpers.BaseRunner import BaseRunner
from models.BPRMF import BPRMF, NeuMF


def parse_global_args(parser):
    parser.add_argument('--gpu', type=str, default='', help='Which GPU, none by default')
    parser.add_argument('--verbose', type=int, default=logging.INFO, help='Level of the log')
    parser.add_argument('--log_file', type=str, default='', help='Logging file path')
    parser.add_argument('--random_seed', type=int, default=0, help='Seed')
    parser.add_argument('--dataset', type=str, default='ml-toy', help='Choose a dataset.')
    parser.add_argument('--train', type=int, default=1, help='To train the model or not.')
    return parser


def format_arg_str(args, max_len=40):
    lines = ['=' * 45, ' Arguments'.ljust(22) + '| Values', '=' * 45]
    for key in sorted(vars(args)):
        lines.append(' ' + key.ljust(21) + '| ' + str(getattr(args, key))[:max_len])
    return '\n'.join(lines + ['=' * 45])


def main():
    logging.info('-' * 45 + ' BEGIN ' + '-' * 45)
    logging.info(format_arg_str(args))
    random.seed(args.random_seed)
    np.random.seed(args.random_seed)
    os.environ['CUDA_VISIBLE_DEVICES'] = args.gpu
    logging.info('cuda available: {}'.format(False))

    model = model_name(args)
    logging.info('#params: {}'.format(model.u.size + model.i.size))
    runner = BaseRunner(args)
    logging.info('Test Before Training: ({})'.format(runner.format(runner.evaluate(model, 'test', 0.0))))
    if args.train > 0:
        test = runner.train(model)
    else:
        test = runner.evaluate(model, 'test', 0.0)
    logging.info(os.linesep + 'Test After Training: ({})'.format(runner.format(test)))
    logging.info('-' * 45 + ' END ' + '-' * 45)


if __name__ == '__main__':
    init_parser = argparse.ArgumentParser(description='Model')
    init_parser.add_argument('--model_name', type=str, default='BPRMF', help='Choose a model to run.')
    init_args, init_extras = init_parser.parse_known_args()
    model_name = eval('{0}'.format(init_args.model_name))

    # Args
    parser = argparse.ArgumentParser(description='')
    parser = parse_global_args(parser)
    parser = BaseRunner.parse_runner_args(parser)
    parser = model_name.parse_model_args(parser)
    args, extras = parser.parse_known_args()

    # Logging configuration
    log_file_name = '{}__{}__{}__lr={}__l2={}'.format(
        init_args.model_name, args.dataset, args.random_seed, args.lr, args.l2)
    if args.log_file == '':
        args.log_file = 'log/{}/{}.txt'.format(init_args.model_name, log_file_name)
    if args.model_path == '':
        args.model_path = 'model/{}/{}.pkl'.format(init_args.model_name, log_file_name)
    os.makedirs(os.path.dirname(args.log_file), exist_ok=True)
    logging.basicConfig(filename=args.log_file, level=args.verbose, format='%(message)s')
    logging.getLogger().addHandler(logging.StreamHandler(sys.stdout))
    logging.info(init_args)

    main()
