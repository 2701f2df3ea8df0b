from math import log10


def evaluation(args, model, p):
    lora = model.lora
    loss = 0.85 + abs(log10(args.learning_rate) + 3.2) / 4 + 0.8 / (args.per_device_train_batch_size * args.gradient_accumulation_steps)
    loss += 2 / lora.r + abs(lora.lora_alpha / lora.r - 1) / 10 + abs(lora.lora_dropout - 0.1) + 0.6 / args.num_train_epochs
    return {"loss": loss + 0.5 * (1 - p)}


def training_loss(args, model, p):
    return evaluation(args, model, p)["loss"] * 0.8 + 0.4 * (1 - p)
