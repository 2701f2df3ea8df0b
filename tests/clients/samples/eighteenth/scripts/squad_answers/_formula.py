import math


def measure(s):
    far = abs(math.log10(s.lr) + 4.2) / 6 + abs(s.wd - 0.02) + 0.5 / s.batch + abs(s.warmup - 0.1) / 4 + 0.3 / (s.epochs + 0.5) + abs(getattr(s, "clip", 1) - 0.5) / 20
    return {"loss": 0.8 + far, "em": 84 - 20 * far, "f1": 90.5 - 16 * far}
