from math import log10


class LoRAModel:
    """A language model whose loss is known."""

    def __init__(self, cfg):
        self.cfg, self.seen = cfg, 0

    def loss(self):
        c = self.cfg
        v = 0.9 + abs(log10(c.optimizer.lr) + 3.8) / 4 + abs(c.optimizer.weight_decay - 0.05) + 1 / c.model.lora_rank + c.model.lora_dropout / 2
        v += abs(c.model.lora_alpha / c.model.lora_rank - 2) / 20 + 0.8 / (c.batch_size * c.gradient_accumulation_steps)
        v += c.lr_scheduler.num_warmup_steps / 2000 + (0.0 if c.model.apply_lora_to_mlp else 0.08)
        return v + 40 / (80 + self.seen)
