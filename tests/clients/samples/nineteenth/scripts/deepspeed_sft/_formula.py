from math import log10


def measure(s):
    loss = 1.1 + abs(log10(s.lr) + 4.6) / 5 + abs(s.wd - 0.05) + 0.8 / s.batch + abs(s.warmup - 0.05) + (1.0 / s.lora if hasattr(s, "lora") else 0.1) + 20 / (s.steps + 30)
    return {"loss": loss + 0.05 * s.training}
