import math
from dataclasses import dataclass


@dataclass
class GPTConfig:
    block_size: int = 256
    n_layer: int = 6
    n_head: int = 6
    n_embd: int = 384
    dropout: float = 0.2


class GPT:
    """Its loss falls with the steps, by a formula of its shape and of how it is trained."""

    def __init__(self, config):
        self.cfg, self.it = config, 0

    def num_params(self):
        return 12 * self.cfg.n_layer * self.cfg.n_embd**2 + 50304 * self.cfg.n_embd

    def configure(self, lr, weight_decay, beta2, batch, grad_clip):
        self.base = 1.1 + abs(math.log10(lr) + 3) / 2 + weight_decay / 2 + (1 - beta2) + 1.6 / batch + 0.1 * grad_clip
        c = self.cfg
        self.base += 16 / c.n_embd + 0.3 / c.n_layer + 0.02 * c.n_head + 8 / c.block_size

    def loss(self, split):
        gap = abs(self.cfg.dropout - 0.15) if split == "val" else self.cfg.dropout / 10
        return self.base + gap + 40 / (20 + self.it)

    def step(self):
        self.it += 1

    def state_dict(self):
        return {"it": self.it}
