from types import SimpleNamespace

from ._state import STATE


class Optimizer:
    def __init__(self, params, lr=0.001, weight_decay=0.0, momentum=0.0, betas=(0.9, 0.999), eps=1e-8, **kwargs):
        STATE.lr, STATE.wd, STATE.momentum = lr, weight_decay, momentum
        self.param_groups = [{"params": list(params), "lr": lr, "weight_decay": weight_decay}]

    def zero_grad(self, set_to_none=True):
        pass

    def step(self):
        STATE.steps += 1

    def state_dict(self):
        return {}


class SGD(Optimizer):
    pass


class RMSprop(Optimizer):
    pass


class Adam(Optimizer):
    pass


class AdamW(Optimizer):
    pass


class _Scheduler:
    def __init__(self, optimizer, *args, **kwargs):
        self.optimizer = optimizer

    def step(self, *args):
        pass

    def get_last_lr(self):
        return [self.optimizer.param_groups[0]["lr"]]

    def state_dict(self):
        return {}


class StepLR(_Scheduler):
    def __init__(self, optimizer, step_size, gamma=0.1):
        STATE.gamma, self.optimizer = gamma, optimizer


lr_scheduler = SimpleNamespace(StepLR=StepLR, CosineAnnealingLR=_Scheduler, OneCycleLR=_Scheduler, ReduceLROnPlateau=_Scheduler, LambdaLR=_Scheduler)
