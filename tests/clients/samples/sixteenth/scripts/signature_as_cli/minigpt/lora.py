from dataclasses import dataclass
from math import log10


@dataclass
class Config:
    name: str
    lora_r: int
    lora_alpha: int
    lora_dropout: float
    lora_mlp: bool
    block_size: int = 512


class GPT:
    def __init__(self, config):
        self.config, self.updates = config, 0

    def loss(self, train):
        c = self.config
        v = 1.0 + 1.2 / c.lora_r + abs(c.lora_alpha / c.lora_r - 2) / 10 + abs(c.lora_dropout - 0.02) + (0 if c.lora_mlp else 0.06)
        v += abs(log10(train.learning_rate) + 3.2) / 4 + abs(train.weight_decay - 0.05) + train.lr_warmup_steps / 1000 + train.global_batch_size / 1000
        return v + 10 / (10 + self.updates)
