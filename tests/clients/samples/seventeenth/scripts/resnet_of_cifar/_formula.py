from math import log10


def measure(s):
    bad = abs(log10(s.lr) + 1.3) / 8 + abs(s.momentum - 0.92) + 20 * abs(s.wd - 0.001) + s.batch / 4000 + 0.2 / (s.epochs + 0.5)
    return {"loss": 0.2 + 2 * bad - 0.04 * s.training, "accuracy": 0.96 - bad + 0.015 * s.training}
