from dataclasses import dataclass


@dataclass
class lora_config:
    r: int = 8
    lora_alpha: int = 32
    lora_dropout: float = 0.05
    bias: str = "none"
    task_type: str = "CAUSAL_LM"
