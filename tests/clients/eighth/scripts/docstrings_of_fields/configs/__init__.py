from .train import TrainConfig
