import math


def measure(s):
    hidden, layers, dropout = s.made["Regressor"][0][:3]
    far = abs(math.log10(s.lr) + 2.5) / 4 + abs(s.wd - 0.002) * 40 + s.batch / 800 + 8 / hidden + 0.2 / layers + abs(dropout - 0.05) + 0.5 / (s.epochs + 0.5)
    return {"loss": 0.3 + far - 0.05 * s.training}
