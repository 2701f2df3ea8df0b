from dataclasses import dataclass, field
from typing import List, Optional


@dataclass
class OptimConfig:
    lr: float = 1e-3
    momentum: float = 0.9
    nesterov: bool = True


@dataclass
class TrainConfig:
    project: str = "digits"
    epochs: int = 3
    batch_size: int = 64
    hidden: List[int] = field(default_factory=lambda: [128, 64])
    clip: Optional[float] = None
    optim: OptimConfig = field(default_factory=OptimConfig)
