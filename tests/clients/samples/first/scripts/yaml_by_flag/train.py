"""Everything in a YAML file, whose path is the only flag."""
import argparse

import yaml


def main(cfg):
    opt = cfg["optimizer"]
    base = float(opt["lr"]) * 10 + cfg["model"]["dropout"] + 1 / cfg["model"]["width"] + len(opt["name"])
    for epoch in range(1, cfg["epochs"] + 1):
        print(f"epoch: {epoch} training loss: {base / 2:.4f} validation loss: {base + 1 / epoch:.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("-c", "--config", default="configs/base.yaml", help="path to the YAML")
    args = parser.parse_args()
    with open(args.config) as f:
        config = yaml.safe_load(f)
    main(config)
