import argparse
import json

parser = argparse.ArgumentParser()
parser.add_argument("--optim.lr", dest="optim_lr", type=float, default=3e-3)
parser.add_argument("--optim.wd", dest="optim_wd", type=float, default=0.1)
parser.add_argument("--model.width", dest="model_width", type=int, default=64)
parser.add_argument("--model.act", dest="model_act", default="relu", choices=("relu", "gelu", "silu"))
parser.add_argument("--data.shuffle", dest="data_shuffle", type=json.loads, default=True)
parser.add_argument("--epochs", type=int, default=3)
cfg = vars(parser.parse_args())


def evaluate(epoch):
    return abs(cfg["optim_lr"] * 100 - 1) + cfg["optim_wd"] + 8 / cfg["model_width"] + (cfg["model_act"] == "gelu") + 2 * cfg["data_shuffle"] + 1 / epoch


if __name__ == "__main__":
    for epoch in range(1, cfg["epochs"] + 1):
        results = {"split": "dev", "loss": round(evaluate(epoch), 4)}
        print("epoch", epoch, "|", "dev loss:", results["loss"], "|", "dev ppl:", round(2 ** results["loss"], 3))
