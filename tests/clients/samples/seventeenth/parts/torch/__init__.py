"""A small stand-in for torch: layers, optimizers and loaders note what they were given, and a loss is a formula of it."""
import contextlib
import pickle
import random as _random
import sys as _sys

from ._state import STATE, Tensor  # noqa: F401
from . import cuda, nn, optim, utils  # noqa: F401

__version__ = "2.6.0"
float32, float16, bfloat16, long, int64, bool = "float32", "float16", "bfloat16", "long", "int64", "bool"


class device(str):
    @property
    def type(self):
        return str(self).split(":")[0]


def manual_seed(seed):
    _random.seed(seed)


@contextlib.contextmanager
def no_grad():
    yield


inference_mode = no_grad


def save(state, path):
    with open(path, "wb") as f:
        pickle.dump(repr(state), f)


def load(path, map_location=None):
    with open(path, "rb") as f:
        return pickle.load(f)


def compile(model):
    return model


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)

    def function(*args, **kwargs):
        STATE.layers[name] = (args, kwargs)
        return Tensor(0.0, next((a.n for a in args if isinstance(a, Tensor)), 1))

    return function
