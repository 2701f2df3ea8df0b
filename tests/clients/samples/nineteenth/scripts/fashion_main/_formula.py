from math import log10


def measure(s):
    bad = abs(log10(s.lr) + 1.5) / 6 + abs(s.momentum - 0.8) / 3 + s.batch / 1500 + abs(s.gamma - 0.8) / 2 + abs(s.layers["Dropout"][0][0] - 0.3) / 4 + 0.3 / (s.epochs + 0.5)
    return {"loss": 0.2 + bad / 2 + 0.07 * s.training, "accuracy": round(1000 * (0.95 - bad / 6)) / 1000}
