from math import log10


def measure(s):
    c = s.config
    loss = 2.2 + abs(log10(s.lr) + 3.3) / 3 + s.wd + 16 / c.hidden_size + 0.4 / c.num_hidden_layers + c.hidden_dropout_prob + abs(s.mlm - 0.2) + 2 / s.batch
    return {"loss": loss + abs(s.warmup - 0.05) + 0.8 / (s.epochs + 1) + (0.05 if s.training else 0)}
