MODELS, ARCHS, CRITERIONS = {}, {}, {}


def register_model(name):
    def wrap(cls):
        MODELS[name] = cls
        return cls
    return wrap


def register_model_architecture(model, arch):
    def wrap(fn):
        ARCHS[arch] = (model, fn)
        return fn
    return wrap


def register_criterion(name):
    def wrap(cls):
        CRITERIONS[name] = cls
        return cls
    return wrap
