class GPT:
    def __init__(self, cfg):
        self.cfg = cfg
        self.updates = 0

    @classmethod
    def from_pretrained(cls, cfg):
        return cls(cfg)

    def loss(self):
        cfg = self.cfg
        return 2 + abs(cfg.batch_size - 8) / 16 + abs(cfg.lr * 1000 - 1) / 4 + 6 / cfg.n_layers + 0.5 / (self.updates + 1)
