from math import log10


def evaluation(args, model, progress):
    bad = abs(log10(args.learning_rate) + 4.2) / 6 + abs(args.weight_decay - 0.03) + 0.5 / args.per_device_train_batch_size + abs(args.warmup_ratio - 0.05) + abs(args.label_smoothing_factor - 0.05) / 2 + 0.3 / (args.num_train_epochs * progress + 0.5)
    return {"loss": 0.15 + bad, "accuracy": 0.95 - bad / 4, "f1": 0.94 - bad / 3}


def training_loss(args, model, progress):
    return evaluation(args, model, progress)["loss"]
