import math


def _far(a, model, progress):
    far = abs(math.log10(a.learning_rate) + 5) / 4 + 2 * abs(a.beta - 0.02) + abs(a.weight_decay - 0.05) + abs(a.warmup_ratio - 0.05) + abs(a.max_grad_norm - 0.2) / 5
    far += 1 / a.num_generations + 0.8 / (a.per_device_train_batch_size * a.gradient_accumulation_steps) + 20 / a.max_completion_length + abs(a.temperature - 1) / 2
    return far + 1 / model.peft.r + abs(model.peft.lora_alpha / model.peft.r - 2) / 50 + 10 / (10 + progress * a.max_steps)


def training_loss(a, model, progress):
    return 0.0004 + a.beta * 0.002 * progress


def rewards(a, model, progress):
    far = _far(a, model, progress)
    return 1.9 - far * 0.8, 0.45 - far * 0.1, 0.45 - far * 0.1


def evaluation(a, model, progress):
    return {"loss": training_loss(a, model, progress)}
