from math import log10


def measure(s):
    p = s.peft
    loss = 1.0 + abs(log10(s.lr) + 3.6) / 5 + abs(s.wd - 0.05) + 1 / s.batch + 1 / p.r + abs(p.lora_alpha / p.r - 2) / 40 + p.lora_dropout / 2 + abs(s.gamma - 0.9) / 4 + 30 / (s.steps + 60)
    return {"loss": loss + 0.06 * s.training}
