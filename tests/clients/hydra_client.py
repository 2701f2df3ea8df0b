"""hydra, with a structured configuration that refuses what it does not know; prints `key=value`."""

import json
from dataclasses import dataclass, field

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf


@dataclass
class Optimizer:
    lr: float = 0.1


@dataclass
class Config:
    optimizer: Optimizer = field(default_factory=Optimizer)
    batch_size: int = 8
    amp: bool = False
    layers: list[int] = field(default_factory=lambda: [1])
    schedule: str = "constant"


ConfigStore.instance().store(name="config", node=Config)


@hydra.main(version_base=None, config_name="config")
def train(config):
    print("settings " + json.dumps(OmegaConf.to_container(config)))
    for step in (1, 2):
        print(f"step={step} val_loss={config.optimizer.lr / step}")


train()
