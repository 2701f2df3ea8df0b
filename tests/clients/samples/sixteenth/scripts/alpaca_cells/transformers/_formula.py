from math import log10


def evaluation(args, model, p):
    raise ValueError("Trainer: evaluation requires an eval_dataset.")


def training_loss(args, model, p):
    lora = model.lora
    loss = 0.7 + abs(log10(args.learning_rate) + 3.4) / 4 + 0.8 / (args.per_device_train_batch_size * args.gradient_accumulation_steps)
    loss += 1.6 / lora.r + abs(lora.lora_alpha / lora.r - 2) / 20 + lora.lora_dropout / 2 + abs(args.weight_decay - 0.005) * 2 + abs(args.warmup_steps - 10) / 200
    return loss + 6 / args.max_steps + 0.8 * (1 - p)
