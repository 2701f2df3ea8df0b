import sys
from math import log10


def measure(s):
    main = sys.modules["__main__"]
    a, n = main.args, s.net
    loss = 4.6 + abs(log10(a.lr) - 0.9) / 2 + 30 / n["emsize"] + 30 / n["nhid"] + 0.2 / n["nlayers"] + abs(n["dropout"] - 0.3) / 2
    loss += abs(log10(s.clip) + 0.4) / 5 + a.batch_size / 400 + abs(a.bptt - 40) / 400 + 0.8 / (main.epoch + 0.5)
    return {"loss": loss + 0.1 * s.training}
