"""A small stand-in for torchvision."""
from . import datasets, models, transforms  # noqa: F401
