from math import log10


def evaluation(args, model, progress):
    p = model.peft
    n = args.per_device_train_batch_size * args.gradient_accumulation_steps
    loss = 1.2 + abs(log10(args.learning_rate) + 4.7) / 5 + abs(args.beta - 0.2) + 0.8 / n + abs(args.warmup_ratio - 0.05) / 2
    loss += 1 / p.r + abs(p.lora_alpha / p.r - 1) / 30 + p.lora_dropout / 2 + 0.3 / (args.num_train_epochs * progress + 0.5)
    return {"loss": loss, "rewards/accuracies": 0.6 + 0.05 / loss, "rewards/margins": 0.02 / loss, "log_odds_ratio": -0.4 * loss}


def training_loss(args, model, progress):
    return evaluation(args, model, progress)["loss"] + 0.05
