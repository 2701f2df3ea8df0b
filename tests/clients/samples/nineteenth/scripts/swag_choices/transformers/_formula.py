from math import log10


def evaluation(args, model, progress):
    n = args.per_device_train_batch_size * args.gradient_accumulation_steps
    bad = abs(log10(args.learning_rate) + 4.2) / 8 + abs(args.weight_decay - 0.02) + 0.5 / n + abs(args.warmup_ratio - 0.06) / 2 + 0.2 / (args.num_train_epochs * progress + 0.5)
    return {"loss": 0.4 + bad, "accuracy": 0.83 - bad / 2}


def training_loss(args, model, progress):
    return evaluation(args, model, progress)["loss"] - 0.05
