from dataclasses import dataclass


@dataclass
class ModelConfig:
    width: int = 64
    depth: int = 4
    use_bias: bool = True


@dataclass
class TrainConfig:
    epochs: int = 3
    learning_rate: float = 3e-4
    weight_decay: float = 0.05
    betas: tuple[float, float] = (0.9, 0.999)
    batch_size: int = 32
    grad_clip: float | None = 1.0
    scheduler: str | None = "cosine"  # 'step', 'linear', None
