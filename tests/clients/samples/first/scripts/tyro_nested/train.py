"""tyro with a nested dataclass."""
import dataclasses
from typing import Literal

import tyro


@dataclasses.dataclass
class OptimizerConfig:
    lr: float = 3e-4
    """Learning rate."""
    weight_decay: float = 0.01
    algorithm: Literal["adam", "sgd"] = "adam"


@dataclasses.dataclass
class Config:
    optimizer: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    hidden_dim: int = 64
    use_bias: bool = True
    seed: int = 0
    num_steps: int = 5


def train(config: Config) -> None:
    base = abs(config.optimizer.lr * 1000 - 1) + config.optimizer.weight_decay + 8 / config.hidden_dim
    base += 2 * config.use_bias + (config.optimizer.algorithm == "sgd")
    for step in range(1, config.num_steps + 1):
        print(f"step={step} train/loss={base / 2:.5f} val/loss={base + 1 / step:.5f}")


if __name__ == "__main__":
    train(tyro.cli(Config))
