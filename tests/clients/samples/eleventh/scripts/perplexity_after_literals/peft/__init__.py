class LoraConfig:
    def __init__(self, r=8, lora_alpha=8, lora_dropout=0.0, bias="none", target_modules=None, task_type=None):
        self.r, self.lora_alpha, self.lora_dropout = r, lora_alpha, lora_dropout


def get_peft_model(model, config):
    model.lora = config
    return model
