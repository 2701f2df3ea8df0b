from math import log10


def spearman(s):
    return 0.88 - abs(log10(s.lr) + 4.5) / 12 - abs(s.wd - 0.02) - 0.4 / s.batch - abs(s.warmup - 0.05) / 100 - 0.08 / (s.epochs + 1)
