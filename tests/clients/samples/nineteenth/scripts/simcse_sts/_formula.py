from math import log10


def measure(s):
    bad = abs(log10(s.lr) + 4.3) / 6 + 2 / s.batch + abs(s.tau - 0.06) * 2 + abs(s.drop - 0.15) / 2 + {"cls": 0.0, "pooler": 0.02, "last-avg": 0.03, "first-last-avg": 0.01}[s.pooling] + 5 / (s.steps + 40)
    return {"loss": 0.1 + bad, "spearman": 0.81 - bad / 3}
