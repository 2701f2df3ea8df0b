"""Settings of the detector; a file given by the script overrides them."""
from ast import literal_eval

import yaml


class AttrDict(dict):
    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name)

    def __setattr__(self, name, value):
        self[name] = value


__C = AttrDict()
cfg = __C

__C.TRAIN = AttrDict()
__C.TRAIN.LEARNING_RATE = 0.01
__C.TRAIN.MOMENTUM = 0.8
__C.TRAIN.WEIGHT_DECAY = 0.0005
__C.TRAIN.DOUBLE_BIAS = True
__C.TRAIN.USE_FLIPPED = True
__C.RNG_SEED = 3
__C.EXP_DIR = 'default'
__C.POOLING_MODE = 'crop'
__C.FPN_ANCHOR_SCALES = [32, 64]
__C.MAX_NUM_GT_BOXES = 50


def _merge(a, b):
    for k, v in a.items():
        if k not in b:
            raise KeyError('{} is not a valid config key'.format(k))
        if isinstance(v, dict):
            _merge(v, b[k])
        else:
            b[k] = v


def cfg_from_file(filename):
    with open(filename, 'r') as f:
        _merge(yaml.safe_load(f), __C)


def cfg_from_list(cfg_list):
    for k, v in zip(cfg_list[0::2], cfg_list[1::2]):
        __C[k] = literal_eval(v)
