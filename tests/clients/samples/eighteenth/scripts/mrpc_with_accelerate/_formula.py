import math


def measure(s):
    far = abs(math.log10(s.lr) + 4.2) / 8 + abs(s.wd - 0.03) + 0.4 / s.batch + s.warmup / 20 + 0.15 / (s.epochs + 0.5)
    return {"loss": 0.3 + far, "accuracy": 0.9 - far / 2, "f1": 0.93 - far / 3}
