from .._state import STATE, Tensor
from . import functional, utils  # noqa: F401


class Module:
    training = True

    def __new__(cls, *args, **kwargs):
        STATE.made[cls.__name__] = (args, kwargs)
        return super().__new__(cls)

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def forward(self, *args, **kwargs):
        return Tensor(0.0, next((a.n for a in args if isinstance(a, Tensor)), 1))

    def train(self, mode=True):
        self.training = STATE.training = mode
        return self

    def eval(self):
        return self.train(False)

    def to(self, *args, **kwargs):
        return self

    def parameters(self):
        return [Tensor()]

    def named_parameters(self):
        return [("weight", Tensor()), ("bias", Tensor())]

    def apply(self, function):
        return self

    def state_dict(self):
        return {}

    def load_state_dict(self, state, strict=True):
        pass

    def requires_grad_(self, flag=True):
        return self


class Sequential(Module):
    def __init__(self, *layers):
        self.layers = layers


class _Loss(Module):
    name = "loss"

    def forward(self, *args):
        from .._state import measure

        return Tensor(measure(self.name), args[0].n)


def _layer(name):
    def make(*args, **kwargs):
        STATE.layers[name] = (args, kwargs)
        if name.endswith("Loss"):
            made = _Loss()
            made.name = "kl" if name == "KLDivLoss" else "loss"
            return made
        return Module()

    return make


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return _layer(name)
