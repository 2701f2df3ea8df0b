from dataclasses import dataclass


@dataclass
class train_config:
    model_name: str = "PATH/to/Model"
    batch_size_training: int = 4
    num_epochs: int = 3
    lr: float = 1e-4
    weight_decay: float = 0.0
    use_fp16: bool = False
