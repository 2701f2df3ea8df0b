import math


def measure(s):
    far = abs(math.log10(s.lr) + 4.5) / 8 + abs(s.wd - 0.03) + 0.4 / s.batch + 0.2 / (s.epochs + 0.5) + abs(getattr(s, "clip", 1) - 0.7) / 20
    return {"loss": 0.06 + far, "f1": 0.95 - far / 2}
