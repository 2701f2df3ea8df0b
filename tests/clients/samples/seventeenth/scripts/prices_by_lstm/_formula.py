from math import log10


def measure(s):
    hidden, layers, dropout = s.made["LSTMForecaster"][0][1:4]
    loss = 0.05 + abs(log10(s.lr) + 2.6) / 20 + 2 / hidden + 0.02 / layers + abs(dropout - 0.1) / 8 + 0.4 / s.window + s.batch / 4000 + 0.1 / (s.epochs + 1)
    return {"loss": loss + 0.004 * s.training}
