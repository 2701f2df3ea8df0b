import torch.nn as nn


class LoRA(nn.Module):
    def __init__(self, r, alpha, dropout):
        super().__init__()
        self.scaling = alpha / r
        self.drop = nn.Dropout(dropout)


def mark_only_lora_as_trainable(model):
    for name, p in model.named_parameters():
        p.requires_grad_("lora_" in name)


def add_lora(model, r, alpha, dropout):
    model.lora = LoRA(r, alpha, dropout)
    return model
