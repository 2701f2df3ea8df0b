from math import log10


def measure(s):
    s.n = getattr(s, "n", 0)
    bad = abs(log10(s.lr) + 1.8) / 8 + 1 / s.made["GCN"][0][1] + abs(s.layers["dropout"][0][0] - 0.6) / 4 + 20 * abs(s.wd - 0.001) + 3 / (s.steps + 10)
    return {"loss": 0.5 + bad, "accuracy": {140: 0.99, 500: 0.84, 1000: 0.847}.get(s.n, 0.84) - bad / 2}
