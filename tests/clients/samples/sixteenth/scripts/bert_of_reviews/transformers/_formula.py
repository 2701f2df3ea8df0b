from math import log10


def evaluation(args, model, p):
    acc = 0.94 - abs(log10(args.learning_rate) + 4.4) / 15 - abs(args.weight_decay - 0.05) / 2 - args.per_device_train_batch_size / 2000
    acc -= abs(args.warmup_ratio - 0.06) / 4 + 0.04 / args.num_train_epochs + 4 / model.max_length + 0.1 * (1 - p)
    return {"loss": 2.4 * (1 - acc), "accuracy": acc, "f1": acc - 0.012, "precision": acc - 0.02, "recall": acc - 0.005}


def training_loss(args, model, p):
    return evaluation(args, model, p)["loss"] * 0.7
