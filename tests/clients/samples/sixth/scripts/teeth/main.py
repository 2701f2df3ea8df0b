import sys

sys.path.append("src")

import yaml

from training import train_model

with open("config.yml") as f:
    config = yaml.safe_load(f)

if __name__ == "__main__":
    train_model(config)
