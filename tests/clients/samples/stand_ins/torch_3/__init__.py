"""A small stand-in for the parts of torch that these scripts touch."""
import contextlib
import pickle
import random as _random

from . import cuda, nn, optim  # noqa: F401

__version__ = "2.1.0"
float32 = "float32"


class device(str):
    @property
    def type(self):
        return str(self).split(":")[0]


def manual_seed(seed):
    _random.seed(seed)


def rand():
    return _random.random()


@contextlib.contextmanager
def no_grad():
    yield


def save(state, path):
    with open(path, "wb") as f:
        pickle.dump(state, f)


def load(path, map_location=None):
    with open(path, "rb") as f:
        return pickle.load(f)
