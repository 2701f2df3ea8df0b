from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Paths:
    data_dir: Path = field(default_factory=lambda: ROOT / "data")
    output_dir: Path = field(default_factory=lambda: ROOT / "outputs")


@dataclass(frozen=True)
class TrainConfig:
    random_seed: int = 42
    validation_weeks: int = 12
    forecast_horizon_weeks: int = 4
    lgb_n_estimators: int = 300
    lgb_learning_rate: float = 0.05
    lgb_num_leaves: int = 63
    torch_hidden: int = 32
    torch_epochs: int = 40
