from math import log10


def measure(s):
    bad = abs(log10(s.lr) + 4.3) / 8 + abs(s.wd - 0.02) + 0.3 / s.batch + abs(s.warmup - 0.05) / 3 + 0.15 / (s.epochs + 0.5)
    return {"loss": 0.1 + bad - 0.02 * s.training, "f1": 0.93 - bad / 2}
