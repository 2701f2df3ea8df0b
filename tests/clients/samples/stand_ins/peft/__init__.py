"""A small stand-in for peft."""
from dataclasses import dataclass, field
from typing import List, Optional


class TaskType:
    CAUSAL_LM = "CAUSAL_LM"
    SEQ_CLS = "SEQ_CLS"


@dataclass
class LoraConfig:
    r: int = 8
    lora_alpha: int = 8
    lora_dropout: float = 0.0
    bias: str = "none"
    task_type: Optional[str] = None
    target_modules: Optional[List[str]] = field(default=None)
    inference_mode: bool = False


def prepare_model_for_kbit_training(model, use_gradient_checkpointing=True):
    return model


def get_peft_model(model, config):
    model.peft = config
    return model
