import math


def training_loss(a, model, progress):
    return evaluation(a, model, progress)["loss"] - 0.1


def evaluation(a, model, progress):
    loss = 2.3 + abs(math.log10(a.learning_rate) + 3.7) / 4 + abs(a.weight_decay - 0.05) + 0.8 / (a.per_device_train_batch_size * a.gradient_accumulation_steps)
    loss += abs(a.warmup_ratio - 0.1) / 2 + 30 / a.block_size + 0.4 / (a.num_train_epochs * progress + 0.5)
    return {"loss": loss, "accuracy": 0.6 - loss / 20}
