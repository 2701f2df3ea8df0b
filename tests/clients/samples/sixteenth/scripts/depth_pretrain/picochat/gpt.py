from dataclasses import dataclass
from math import log10


@dataclass
class GPTConfig:
    sequence_len: int = 1024
    vocab_size: int = 50304
    n_layer: int = 12
    n_head: int = 6
    n_embd: int = 768


class GPT:
    def __init__(self, config):
        self.config, self.done = config, 0.0

    def num_params(self):
        c = self.config
        return 2 * c.vocab_size * c.n_embd + 12 * c.n_layer * c.n_embd ** 2

    def bpb(self, a, num_iterations):
        c = self.config
        v = 0.7 + 0.6 / c.n_layer + 16 / c.n_embd + 8 / c.sequence_len
        v += abs(log10(a.embedding_lr) + 0.3) / 20 + abs(log10(a.unembedding_lr) + 2) / 20 + abs(log10(a.matrix_lr) + 1.5) / 5
        v += abs(a.weight_decay - 0.1) / 5 + abs(a.warmdown_ratio - 0.4) / 10 + a.warmup_ratio / 20
        v += 16 / num_iterations + abs(log10(a.total_batch_size) - 5) / 20
        return v + 2.5 * (1 - self.done) ** 3
