"""A small stand-in for peft."""
from dataclasses import dataclass

from torch._state import STATE


@dataclass
class LoraConfig:
    r: int = 8
    lora_alpha: int = 8
    lora_dropout: float = 0.0


def get_peft_model(model, config):
    STATE.peft = config
    return model
