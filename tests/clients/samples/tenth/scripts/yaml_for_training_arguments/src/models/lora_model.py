import math


class LoraModel:
    def __init__(self, lora):
        self.lora = lora

    def loss(self, args, epochs):
        lora = self.lora
        batch = args.per_device_train_batch_size * args.gradient_accumulation_steps
        loss = 0.5 + abs(math.log10(args.learning_rate) + 3) / 4 + args.weight_decay + 1 / batch
        loss += 2 / lora["r"] + lora["lora_dropout"] + abs(lora["lora_alpha"] / lora["r"] - 1) / 10
        return loss + 0.5 / epochs


def load_lora_model(base_model_name, lora_config, device="cpu"):
    return LoraModel(lora_config)
