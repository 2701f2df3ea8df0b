"""python run.py lr=0.01 depth=4 act=relu"""
import sys

defaults = {"lr": 0.01, "depth": 2, "act": "relu", "bias": True, "epochs": 3}


def parse(argv):
    cfg = dict(defaults)
    for arg in argv:
        key, value = arg.split("=", 1)
        if key not in cfg:
            raise KeyError(key)
        kind = type(cfg[key])
        cfg[key] = value.lower() in ("1", "true", "yes") if kind is bool else kind(value)
    return cfg


cfg = parse(sys.argv[1:])
for epoch in range(cfg["epochs"]):
    loss = cfg["lr"] * 10 + 1 / cfg["depth"] + len(cfg["act"]) / 10 + 2 * cfg["bias"] + 1 / (epoch + 1)
    print("epoch", epoch, "eval_loss", round(loss, 5))
