from math import log10


def measure(s):
    t = s.tcn
    loss = 7.9 + abs(log10(s.lr) + 2.7) / 2 + 8 / t["nhid"] + 0.6 / t["levels"] + abs(t["ksize"] - 7) / 20 + abs(t["dropout"] - 0.2) * 2 + abs(log10(getattr(s, "clip", 1.0)) + 0.5) / 4 + 1.2 / (s.steps // 229 + 1) + 0.05 * (s.rows == 64)
    return {"loss": loss + 0.1 * s.training}
