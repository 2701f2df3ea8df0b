class Optimizer:
    def __init__(self, params, lr=0.001, weight_decay=0.0, momentum=0.0, betas=(0.9, 0.999), eps=1e-8):
        self.param_groups = [{"params": list(params), "lr": lr, "weight_decay": weight_decay, "momentum": momentum}]

    def zero_grad(self, set_to_none=True):
        pass

    def step(self):
        pass

    def state_dict(self):
        return {"lr": self.param_groups[0]["lr"]}


class SGD(Optimizer):
    pass


class Adam(Optimizer):
    pass


class AdamW(Optimizer):
    pass
