import math


def measure(s):
    far = abs(math.log10(s.lr) + 1.8) / 4 + abs(s.wd - 0.03) + 0.6 / s.batch + 1 / s.virtual + 0.4 / (s.epochs + 0.5)
    return {"loss": 0.5 + far - 0.1 * s.training}
