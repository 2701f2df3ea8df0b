"""A small stand-in for peft."""
from torch._state import STATE


class TaskType:
    CAUSAL_LM = "CAUSAL_LM"


class LoraConfig:
    def __init__(self, **kwargs):
        STATE.made["LoraConfig"] = kwargs


def get_peft_model(model, config):
    model.print_trainable_parameters = lambda: print("trainable params: 1,081,344 || all params: 495,114,112 || trainable%: 0.2184")
    return model
