import json
import logging
import os
import random
import sys
import time


def set_seed(seed):
    random.seed(seed)


def setup_logger(name, path):
    logger = logging.getLogger(name)
    logger.setLevel(logging.INFO)
    formatter = logging.Formatter('%(asctime)s [%(levelname)s] %(message)s', datefmt='%Y-%m-%d %H:%M:%S')
    for handler in (logging.StreamHandler(sys.stdout), logging.FileHandler(path)):
        handler.setFormatter(formatter)
        logger.addHandler(handler)
    return logger


def save_run_config(args, folder, extra=None):
    with open(os.path.join(folder, 'run_config.json'), 'w') as f:
        json.dump({**vars(args), **(extra or {})}, f, indent=2)


class AverageMeter:
    def __init__(self):
        self.sum, self.count = 0.0, 0

    def update(self, value, n=1):
        self.sum, self.count = self.sum + value * n, self.count + n

    @property
    def avg(self):
        return self.sum / max(self.count, 1)


class Timer:
    def start(self):
        self.t = time.time()

    def elapsed_str(self):
        return f'{time.time() - self.t:.1f}s'
