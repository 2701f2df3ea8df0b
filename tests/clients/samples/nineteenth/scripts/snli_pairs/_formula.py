from math import log10


def measure(s):
    m = s.args
    bad = abs(log10(s.lr) + 2.8) / 6 + s.batch / 1000 + 12 / m.hidden_size + 1 / m.num_perspective + abs(m.dropout - 0.2) / 3 + 0.3 / (s.epochs + 0.5)
    return {"loss": 0.4 + bad + 0.01 * s.training, "accuracy": 0.89 - bad / 3}
