import sys
from types import SimpleNamespace

STATE = SimpleNamespace(layers={}, made={}, lr=None, wd=0.0, momentum=0.0, batch=None, epochs=0, steps=0, training=True, warmup=0)
"""What layers, models, optimizers and loaders were given; `epochs` counts passes of a shuffled loader."""


def measure(name):
    from _formula import measure as formula

    return formula(STATE)[name]


class Tensor:
    def __init__(self, value=0.0, n=1, hits=False):
        self.value, self.n, self.hits = value, n, hits
        self.shape, self.dtype, self.device, self.grad = (n, 8), "float32", "cpu", None

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self

    def sum(self, *args):
        return Tensor(self.value * self.n, self.n) if self.hits else self

    def max(self, *args, **kwargs):
        return self, self

    def size(self, dim=None):
        return self.n if dim is not None else self.shape

    def item(self):
        return self.value

    def __float__(self):
        return float(self.value)

    def __format__(self, spec):
        return format(self.value, spec)

    def __len__(self):
        return self.n

    def __getitem__(self, key):
        return key if isinstance(key, Tensor) else self

    def __eq__(self, other):
        STATE.n = self.n  # of which part
        return Tensor(measure("accuracy"), self.n, hits=True)

    __hash__ = object.__hash__

    def _with(self, other, function):
        return Tensor(function(self.value, getattr(other, "value", other)), self.n)

    def __add__(self, other):
        return self._with(other, lambda a, b: a + b)

    def __sub__(self, other):
        return self._with(other, lambda a, b: a - b)

    def __mul__(self, other):
        return self._with(other, lambda a, b: a * b)

    def __truediv__(self, other):
        return self._with(other, lambda a, b: a / b if b else 0.0)

    def __matmul__(self, other):
        return self

    def __neg__(self):
        return Tensor(-self.value, self.n)

    __radd__, __rmul__ = __add__, __mul__

    def backward(self, *args, **kwargs):
        pass
