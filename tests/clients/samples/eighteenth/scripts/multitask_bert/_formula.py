import math


def measure(s):
    p = s.layers["Dropout"][0][0]
    far = abs(math.log10(s.lr) + 4.5) / 5 + abs(s.wd - 0.02) + 0.4 / s.batch + abs(p - 0.2) / 2 + 0.3 / (s.epochs / 3 + 0.5)
    return {"loss": 0.4 + far, "sst": 0.55 - far / 5, "para": 0.9 - far / 4, "sts": 0.8 - far / 2}
