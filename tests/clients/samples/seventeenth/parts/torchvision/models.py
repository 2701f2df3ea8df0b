from torch import nn


def _model(name):
    def make(*args, **kwargs):
        made = nn.Module()
        made.heads = nn.Module()
        made.heads.head = nn.Module()
        made.heads.head.in_features = 192
        return made

    return make


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return _model(name)
