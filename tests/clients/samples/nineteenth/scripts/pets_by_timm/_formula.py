from math import log10


def measure(s):
    o = s.options
    bad = abs(log10(s.lr) + 1.6) / 6 + abs(s.momentum - 0.92) + min(0.3, abs(s.wd - 0.0002) * 200) + s.batch / 2000 + abs(o["drop"] - 0.1) / 3 + abs(o["smoothing"] - 0.05) + 0.4 / (s.epochs + 0.5)
    return {"loss": 0.3 + bad + 0.02 * s.training, "accuracy": 0.95 - bad / 2}
