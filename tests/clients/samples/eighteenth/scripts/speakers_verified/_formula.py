import math


def measure(s):
    channels, k = s.layers["Conv1d"][0][1], s.made["AAMsoftmax"][1]
    far = abs(math.log10(s.lr) + 2.7) / 2 + abs(s.wd - 1e-4) * 3000 + s.batch / 200 + 256 / channels + abs(k["m"] - 0.25) * 4 + abs(k["s"] - 32) / 40 + 2 / (s.epochs + 0.5) + abs(s.gamma - 0.9) * 4
    return {"loss": 2 + far, "accuracy": 0.9 - far / 20, "eer": 1.2 + far}
