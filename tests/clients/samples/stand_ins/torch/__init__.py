"""A small stand-in for the parts of torch that this script touches."""
import random as _random

from . import cuda  # noqa: F401

__version__ = "2.6.0"
bfloat16, float16, float32 = "torch.bfloat16", "torch.float16", "torch.float32"


def manual_seed(seed):
    _random.seed(seed)
