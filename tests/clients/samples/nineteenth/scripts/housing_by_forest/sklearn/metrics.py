from math import log10

from .ensemble import LAST


def mean_squared_error(y, predicted):
    a = LAST
    rmse = 0.42 + abs(log10(a["lr"]) + 1.1) / 8 + abs(a["depth"] - 5) / 60 + abs(a["subsample"] - 0.7) / 5 + abs(a["leaf"] - 8) / 200 + 12 / (a["n"] + 20)
    return (rmse - (0.05 if len(y) > 500 else 0)) ** 2


def r2_score(y, predicted):
    return 1 - mean_squared_error(y, predicted) / 1.3


def mean_absolute_error(y, predicted):
    return mean_squared_error(y, predicted) ** 0.5 * 0.7
