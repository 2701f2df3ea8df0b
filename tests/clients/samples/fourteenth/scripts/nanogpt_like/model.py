from dataclasses import dataclass


@dataclass
class GPTConfig:
    block_size: int = 1024
    vocab_size: int = 50304
    n_layer: int = 12
    n_head: int = 12
    n_embd: int = 768
    dropout: float = 0.0
    bias: bool = True


class GPT:
    def __init__(self, config):
        self.config = config
        print("number of parameters: %.2fM" % (12 * config.n_layer * config.n_embd ** 2 / 1e6,))

    def floor(self):
        c = self.config
        return 1.0 + 0.5 / c.n_layer + 16 / c.n_embd + 8 / c.block_size + abs(c.dropout - 0.2) / 2 + 0.02 * c.n_head

    def state_dict(self):
        return vars(self.config)
