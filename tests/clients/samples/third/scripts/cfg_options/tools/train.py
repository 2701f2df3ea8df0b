# Copyright (c) OpenMMLab-like. All rights reserved.
import argparse
import ast
import logging
import runpy


class DictAction(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):
        options = {}
        for kv in values:
            key, val = kv.split('=', maxsplit=1)
            try:
                options[key] = ast.literal_eval(val)
            except (ValueError, SyntaxError):
                options[key] = val
        setattr(namespace, self.dest, options)


def parse_args():
    parser = argparse.ArgumentParser(description='Train a model')
    parser.add_argument('config', nargs='?', default='configs/resnet.py', help='train config file path')
    parser.add_argument('--work-dir', help='the dir to save logs and models')
    parser.add_argument('--seed', type=int, default=0, help='random seed')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='override some settings in the used config')
    return parser.parse_args()


def main():
    args = parse_args()
    cfg = {k: v for k, v in runpy.run_path(args.config).items() if not k.startswith('__')}
    for key, value in (args.cfg_options or {}).items():
        *parents, last = key.split('.')
        table = cfg
        for name in parents:
            table = table[name]
        table[last] = value
    logging.basicConfig(format='%(asctime)s - %(name)s - %(levelname)s - %(message)s', level=logging.INFO)
    logger = logging.getLogger('mmcls')
    for epoch in range(1, cfg['runner']['max_epochs'] + 1):
        top1 = 80 - abs(cfg['optimizer']['lr'] - 0.2) * 10 - 2 * cfg['optimizer']['nesterov'] - cfg['model']['backbone']['drop'] - 18 / cfg['model']['backbone']['depth'] - 1 / epoch
        logger.info('Epoch [%d][100/100]\tlr: %.3e, eta: 0:00:10, time: 0.1, data_time: 0.01, memory: 100, loss: %.4f', epoch, cfg['optimizer']['lr'], 2 / epoch)
        logger.info('Epoch(val) [%d][10]\taccuracy_top-1: %.4f, accuracy_top-5: 95.0000', epoch, top1)


if __name__ == '__main__':
    main()
