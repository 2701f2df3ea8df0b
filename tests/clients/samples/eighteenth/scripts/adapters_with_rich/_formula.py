import math


def measure(s):
    bottleneck, p = s.layers["Linear"][0][0], s.layers["Dropout"][0][0]
    far = abs(math.log10(s.lr) + 3.5) / 6 + abs(s.wd - 0.02) + 1 / s.batch + 4 / bottleneck + abs(p - 0.2) / 3 + 0.3 / (s.epochs + 0.5)
    return {"loss": 0.25 + far - 0.05 * s.training, "accuracy": 0.95 - far / 2 + 0.02 * s.training}
