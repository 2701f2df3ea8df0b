from dataclasses import dataclass
from typing import Literal


@dataclass
class ModelConfig:
    hidden_dim: int = 256
    """Width of the hidden layers."""

    activation: Literal["relu", "gelu"] = "relu"
    """Which nonlinearity."""

    residual: bool = False
    """Add the input of a block to its output."""
