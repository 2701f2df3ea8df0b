from math import log10


def measure(s):
    p = s.made["LoraConfig"]
    loss = 0.9 + abs(log10(s.lr) + 3.5) / 5 + s.wd + 1 / (s.batch * s.accumulation) + 1 / p["r"] + p["lora_dropout"] / 2 + abs(p["lora_alpha"] / p["r"] - 1) / 20
    return {"loss": loss + abs(s.warmup - 0.05) / 2 + 0.3 / (s.epochs + 0.5) + (0.04 if s.training else 0)}
