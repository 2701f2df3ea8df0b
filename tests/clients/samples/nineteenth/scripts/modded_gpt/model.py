from dataclasses import dataclass

from torch import nn
from torch._state import STATE, Tensor, measure


@dataclass
class GPTConfig:
    vocab_size: int = 50304
    n_layer: int = 12
    n_head: int = 6
    n_embd: int = 768


class GPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        STATE.config = config

    def forward(self, idx, targets):
        return Tensor(measure("loss"), 1)


class DistributedDataLoader:
    """Reads shards of tokens."""

    def __init__(self, pattern, B, T, train=True):
        self.B, self.T = B, T
        if train:
            STATE.batch_tokens = B

    def next_batch(self):
        return Tensor(0.0, self.B), Tensor(0.0, self.B)

    def reset(self):
        pass
