"""CLI to run training on a model"""

from pathlib import Path
from typing import Union

import fire
import yaml


def load_cfg(config: Union[str, Path] = Path("examples/"), **kwargs):
    with open(config, encoding="utf-8") as file:
        cfg = yaml.safe_load(file)
    # if there are any options passed in the cli, if it is something that seems valid from the yaml, then overwrite the value
    for k, _ in kwargs.items():
        if k in cfg or not cfg.get("strict"):
            cfg[k] = kwargs[k]
    return cfg


def do_cli(config: Union[Path, str] = Path("examples/"), **kwargs):
    cfg = load_cfg(config, **kwargs)
    for epoch in range(1, int(cfg["num_epochs"]) + 1):
        loss = (
            abs(cfg["learning_rate"] * 1000 - 1)
            + 1 / cfg["lora_r"]
            + cfg["lora_dropout"]
            + 2 * cfg["sample_packing"]
            + len(cfg["lr_scheduler"]) / 10
            + 1 / epoch
        )
        print({"loss": loss + 0.5, "grad_norm": 0.4, "learning_rate": cfg["learning_rate"], "epoch": float(epoch)})
        print(
            {"eval_loss": round(loss, 4), "eval_runtime": 1.2, "eval_samples_per_second": 30.1, "epoch": float(epoch)}
        )


if __name__ == "__main__":
    fire.Fire(do_cli)
