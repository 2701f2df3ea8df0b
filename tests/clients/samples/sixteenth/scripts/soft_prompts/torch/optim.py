class AdamW:
    def __init__(self, params, lr=1e-3):
        self.owner, self.param_groups = params, [{"lr": lr}]
        params.lr = lr

    def step(self):
        self.owner.steps += 1

    def zero_grad(self):
        pass
