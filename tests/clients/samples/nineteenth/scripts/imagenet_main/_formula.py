from math import log10


def measure(s):
    bad = abs(log10(s.lr) + 1.4) / 6 + abs(s.momentum - 0.93) + min(0.3, abs(s.wd - 0.0003) * 100) + s.batch / 3000 + 0.5 / (s.epochs + 0.5)
    return {"loss": 0.6 + bad + 0.05 * s.training, "accuracy": 0.85 - bad / 2}
