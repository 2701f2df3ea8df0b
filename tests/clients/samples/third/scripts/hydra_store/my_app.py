from dataclasses import dataclass, field
from typing import Any, List

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, OmegaConf


@dataclass
class OptimizerConfig:
    lr: float = 0.01
    weight_decay: float = 0.0


@dataclass
class ModelConfig:
    layers: int = 2
    activation: str = "relu"
    residual: bool = True


@dataclass
class Config:
    seed: int = 42
    epochs: int = 3
    model: ModelConfig = field(default_factory=ModelConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)


cs = ConfigStore.instance()
cs.store(name="config", node=Config)


@hydra.main(version_base=None, config_name="config")
def my_app(cfg: Config) -> float:
    for epoch in range(cfg.epochs):
        loss = cfg.optimizer.lr * 10 + cfg.optimizer.weight_decay + 1 / cfg.model.layers + 2 * cfg.model.residual + len(cfg.model.activation) / 10 + 1 / (epoch + 1)
        print(f"epoch {epoch}: val/loss = {loss:.5f}")
    return loss


if __name__ == "__main__":
    my_app()
