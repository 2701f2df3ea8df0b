"""A small stand-in for the prompt tuning of peft."""
from types import SimpleNamespace

from torch._state import STATE

TaskType = SimpleNamespace(CAUSAL_LM="CAUSAL_LM")
PromptTuningInit = SimpleNamespace(TEXT="TEXT", RANDOM="RANDOM")


class PromptTuningConfig:
    def __init__(self, num_virtual_tokens=8, **kwargs):
        self.num_virtual_tokens = STATE.virtual = num_virtual_tokens


def get_peft_model(model, config):
    n = config.num_virtual_tokens * 1024
    model.print_trainable_parameters = lambda: print(f"trainable params: {n:,} || all params: {559214592 + n:,} || trainable%: {100 * n / (559214592 + n):.4f}")
    return model
