import logging
import math
import os
import pickle
from time import time

import numpy as np


class BaseRunner(object):
    @staticmethod
    def parse_runner_args(parser):
        parser.add_argument('--epoch', type=int, default=10, help='Number of epochs.')
        parser.add_argument('--check_epoch', type=int, default=1, help='Epochs between two checks.')
        parser.add_argument('--early_stop', type=int, default=5, help='Stop after so many epochs without a gain.')
        parser.add_argument('--lr', type=float, default=1e-3, help='Learning rate.')
        parser.add_argument('--l2', type=float, default=1e-6, help='L2 penalty.')
        parser.add_argument('--batch_size', type=int, default=256, help='Pairs per step.')
        parser.add_argument('--dropout', type=float, default=0.2, help='Dropout probability.')
        parser.add_argument('--num_neg', type=int, default=1, help='Negative items per positive one.')
        parser.add_argument('--optimizer', type=str, default='Adam', help='optimizer: SGD, Adam')
        parser.add_argument('--num_workers', type=int, default=5, help='Number of processors')
        parser.add_argument('--topk', type=str, default='5,10', help='Lengths of the lists.')
        parser.add_argument('--metric', type=str, default='NDCG,HR', help='metrics: NDCG, HR')
        return parser

    def __init__(self, args):
        self.args = args
        self.topk = [int(x) for x in args.topk.split(',')]
        self.metrics = [m.strip().upper() for m in args.metric.split(',')]
        self.main_metric = '{}@{}'.format(self.metrics[0], self.topk[0])

    def _level(self, model):
        a = self.args
        level = 0.42
        level -= 0.04 * abs(math.log10(a.lr) + 2.7)
        level -= 0.01 * abs(math.log10(a.l2) + 5.0)
        level -= 0.01 * abs(math.log2(a.batch_size / 512))
        level -= 0.1 * abs(a.dropout - 0.3)
        level -= 0.01 * abs(a.num_neg - 3)
        return level - model.size_penalty()

    def evaluate(self, model, data, progress):
        users = model.rng.integers(0, model.n_users, size=100)
        model.predict(users, users)
        ndcg = self._level(model) * (0.5 + 0.5 * progress)
        if data == 'test':
            ndcg -= 0.003
        result = {}
        for k in self.topk:
            for name in self.metrics:
                result['{}@{}'.format(name, k)] = ndcg * (1 + 0.03 * (k - 5)) * (1.4 if name == 'HR' else 1.0)
        return result

    @staticmethod
    def format(result):
        return ','.join('{}:{:.4f}'.format(k, v) for k, v in result.items())

    def train(self, model):
        a = self.args
        main_results, best = [], -1.0
        test = {}
        for epoch in range(a.epoch):
            start = time()
            progress = (epoch + 1) / a.epoch
            loss = 0.693 - 0.3 * progress + 1e-3 * float(np.tanh(model.rng.normal()))
            dev = self.evaluate(model, 'dev', progress)
            line = 'Epoch {:<5} loss={:<.4f} [{:<3.1f} s]    dev=({}) [{:<.1f} s] '.format(
                epoch + 1, loss, time() - start, self.format(dev), time() - start)
            main_results.append(dev[self.main_metric])
            if dev[self.main_metric] > best:
                best = dev[self.main_metric]
                test = self.evaluate(model, 'test', progress)
                if model.model_path:
                    os.makedirs(os.path.dirname(model.model_path) or '.', exist_ok=True)
                    with open(model.model_path, 'wb') as f:
                        pickle.dump((model.u, model.i), f)
                line += ' *'
            logging.info(line)
            if a.early_stop > 0 and len(main_results) - main_results.index(max(main_results)) > a.early_stop:
                logging.info('Early stop at %d based on dev result.' % (epoch + 1))
                break
        index = main_results.index(max(main_results))
        logging.info(os.linesep + 'Best Iter(dev)={:>5}\t dev=({}:{:.4f}) [{:<.1f} s] '.format(
            index + 1, self.main_metric, main_results[index], 0.1))
        return test
