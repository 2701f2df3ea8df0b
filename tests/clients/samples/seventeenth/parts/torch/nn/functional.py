from .._state import STATE, Tensor, measure


def cross_entropy(*args, **kwargs):
    STATE.layers["cross_entropy"] = (args, kwargs)
    return Tensor(measure("loss"), args[0].n)


binary_cross_entropy_with_logits = nll_loss = mse_loss = ctc_loss = cross_entropy


def kl_div(*args, **kwargs):
    return Tensor(measure("kl"), args[0].n)


def dropout(x, p=0.5, training=True):
    STATE.layers["dropout"] = ((p,), {})
    return x


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return lambda x, *args, **kwargs: x
