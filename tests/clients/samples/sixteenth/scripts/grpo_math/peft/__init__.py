"""A small stand-in for the part of peft that this script uses."""


class LoraConfig:
    def __init__(self, r=8, lora_alpha=8, lora_dropout=0.0, target_modules=None, task_type=None):
        self.r, self.lora_alpha, self.lora_dropout = r, lora_alpha, lora_dropout
