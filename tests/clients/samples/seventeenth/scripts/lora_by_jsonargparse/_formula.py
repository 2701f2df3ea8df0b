from math import log10


def measure(s):
    r, alpha, dropout = s.made["LoRA"][0]
    loss = 0.8 + abs(log10(s.lr) + 3.3) / 5 + s.wd + 1 / r + dropout + alpha / 1000 + 1 / s.batch + 20 / (20 + s.steps)
    return {"loss": loss + (0.05 if s.training else 0)}
