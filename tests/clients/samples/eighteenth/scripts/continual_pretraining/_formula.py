import math


def measure(s):
    far = abs(math.log10(s.lr) + 4) / 5 + abs(s.wd - 0.05) + 1 / (s.batch * s.accumulation) + abs(s.warmup - 0.05) + 0.3 / (s.epochs + 0.5)
    return {"loss": 1.9 + far - 0.1 * s.training}
