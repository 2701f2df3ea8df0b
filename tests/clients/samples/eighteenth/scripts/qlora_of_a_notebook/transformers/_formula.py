import math


def training_loss(a, model, progress):
    return evaluation(a, model, progress)["loss"] - 0.05


def evaluation(a, model, progress):
    p = model.peft
    loss = 0.9 + abs(math.log10(a.learning_rate) + 3.3) / 5 + abs(a.weight_decay - 0.02) + 1 / (a.per_device_train_batch_size * a.gradient_accumulation_steps)
    loss += abs(a.warmup_ratio - 0.05) + abs(a.max_grad_norm - 0.5) / 10 + 1 / p.r + p.lora_dropout / 2 + abs(p.lora_alpha / p.r - 1) / 20 + 40 / a.max_length
    return {"loss": loss + 0.2 / (a.num_train_epochs * progress + 0.1)}
