import math


def _far(a, model):
    p = model.peft
    far = abs(math.log10(a.learning_rate) + 4.3) / 10 + abs(a.weight_decay - 0.01) + 0.4 / (a.per_device_train_batch_size * a.gradient_accumulation_steps)
    return far + abs(a.warmup_ratio - 0.06) / 2 + 0.4 / p.r + p.lora_dropout / 5 + abs(p.lora_alpha / p.r - 1) / 40 + 0.05 * (a.lr_scheduler_type != "linear") + 0.06 / a.num_train_epochs


def training_loss(a, model, progress):
    return 0.3 + _far(a, model) + 0.2 / (0.2 + progress)


def evaluation(a, model, progress):
    far = _far(a, model) + 0.1 * (1 - progress)
    return {"loss": 0.35 + far, "min_reward": -2.1, "mean_reward": 0.04, "max_reward": 2.6, "accuracy": 0.84 - far / 2, "margin": 1.5 - far}
