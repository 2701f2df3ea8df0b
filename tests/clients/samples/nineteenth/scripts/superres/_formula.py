from math import log10


def measure(s):
    psnr = 29 - abs(log10(s.lr) + 2.6) - s.batch / 40 - 24 / s.layers["Conv2d"][1]["features"] - 2 / (s.epochs + 0.5)
    return {"loss": 10 ** (-psnr / 10) * (1.1 if s.training else 1)}
