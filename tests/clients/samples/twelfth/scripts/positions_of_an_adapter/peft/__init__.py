"""A small stand-in for the library."""


class LoraConfig:
    def __init__(self, r=8, lora_alpha=16, lora_dropout=0.0, **others):
        self.r, self.lora_alpha, self.lora_dropout = r, lora_alpha, lora_dropout


def get_peft_model(model, config):
    model.config = config
    return model
