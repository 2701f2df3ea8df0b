from math import log10


def measure(s):
    temperature, alpha = s.made["DistillationLoss"][0]
    bad = abs(log10(s.lr) + 4) / 10 + abs(alpha - 0.6) / 4 + abs(temperature - 4) / 50 + 0.3 / s.batch + 0.15 / (s.epochs + 0.5) + abs(s.wd - 0.02)
    return {"loss": 0.4 + bad, "kl": 0.05 + bad / 3, "accuracy": 0.9 - bad / 2}
