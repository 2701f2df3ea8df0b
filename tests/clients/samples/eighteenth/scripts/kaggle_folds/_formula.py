import math


def measure(s):
    # the passes of all folds are counted; the newest optimizer began a fold
    far = abs(math.log10(s.lr) + 4.3) / 8 + abs(s.wd - 0.03) + 0.3 / s.batch + abs(s.layers["Dropout"][0][0] - 0.1) / 4
    return {"loss": 0.1 + far / 2 + 0.1 / (s.steps + 5), "score": 0.44 + far + 4 / (s.steps + 30)}
