"""A small stand-in of the framework: the names that the example uses."""
from . import optimizers, training
