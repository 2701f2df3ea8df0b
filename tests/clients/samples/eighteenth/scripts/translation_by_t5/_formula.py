import math


def measure(s):
    far = abs(math.log10(s.lr) + 3.2) / 4 + abs(s.wd - 0.02) * 2 + 0.6 / s.batch + 0.4 / (s.epochs + 0.5) + abs(s.clip - 0.5) / 20 if s.steps else 1
    return {"loss": 1.4 + far, "bleu": 31 - 8 * far + 0.3 * getattr(s, "beams", 1)}
