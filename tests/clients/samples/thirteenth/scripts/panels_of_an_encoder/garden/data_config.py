from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, Field


class DataConfig(BaseModel):
    num_samples: int = 1000
    split: float = Field(0.9, gt=0, lt=1)
    seed: int = 0


class EncoderConfig(BaseModel):
    architecture: Literal["conv3d", "mlp"] = "conv3d"
    latent_dim: int = 16
    channels: int = 8
    dropout: float = 0.0


class TrainingConfig(BaseModel):
    epochs: int = 10
    batch_size: int = 32
    lr: float = 1e-3
    weight_decay: float = 0.0
    patience: int = 5


class GardenConfig(BaseModel):
    name: str
    approach: Literal["autoencoder", "contrastive"] = "autoencoder"
    data: DataConfig = DataConfig()
    encoder: EncoderConfig = EncoderConfig()
    training: TrainingConfig = TrainingConfig()


def load_garden_config(path: Path) -> GardenConfig:
    return GardenConfig.model_validate(yaml.safe_load(path.read_text()))
