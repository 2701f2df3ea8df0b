"""A small stand-in for the parts of torch that this script uses; the real one starts slowly."""
from contextlib import contextmanager


@contextmanager
def no_grad():
    yield
