import sys
from math import log10


def measure(s):
    n, a = s.config.n_layer, sys.modules["__main__"].args
    loss = 3.0 + abs(log10(s.lr) + 2.6) / 3 + abs(s.wd - 0.05) + 64 / s.config.n_embd + 1.0 / n + 4 / s.batch_tokens + abs(a.warmup_iters / a.num_iterations - 0.1) / 2 + 60 / (s.steps + 60)
    return {"loss": loss + 0.03 * s.training}
