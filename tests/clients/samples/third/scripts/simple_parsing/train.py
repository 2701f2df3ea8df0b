from dataclasses import dataclass, field
from typing import List

from simple_parsing import ArgumentParser


@dataclass
class OptimizerConfig:
    """Config of the optimizer."""

    learning_rate: float = 1e-2  # learning rate
    momentum: float = 0.9
    nesterov: bool = False


@dataclass
class Options:
    """Help string for this group of command-line arguments"""

    log_dir: str = "logs"  # Help string for a required str argument
    hidden_sizes: List[int] = field(default_factory=lambda: [32, 16])
    epochs: int = 3


if __name__ == "__main__":
    parser = ArgumentParser()
    parser.add_argument("--seed", type=int, default=123, help="foo help")
    parser.add_arguments(Options, dest="options")
    parser.add_arguments(OptimizerConfig, dest="optim")
    args = parser.parse_args()
    o, c = args.options, args.optim
    for epoch in range(o.epochs):
        loss = c.learning_rate * 10 + c.momentum + 2 * c.nesterov + 8 / sum(o.hidden_sizes) + 1 / (epoch + 1)
        print(f"[{epoch}] valid_loss: {loss:.5f}")
