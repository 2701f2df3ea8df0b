from math import log10


def measure(s):
    loss = 1.9 + abs(log10(s.lr) + 4) / 4 + abs(s.wd - 0.05) + 1 / (s.batch * s.accumulation) + abs(s.layers["collator"][1]["mlm_probability"] - 0.2) + 0.4 / (s.epochs + 0.5)
    return {"loss": loss + 0.08 * s.training}
