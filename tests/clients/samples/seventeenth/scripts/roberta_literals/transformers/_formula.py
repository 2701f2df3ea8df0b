from math import log10


def training_loss(args, model, progress):
    return evaluation(args, model, progress)["loss"]


def evaluation(args, model, progress):
    accuracy = 0.93 - abs(log10(args.learning_rate) + 4.3) / 10 - abs(args.weight_decay - 0.05) / 2 - 0.2 / args.per_device_train_batch_size
    accuracy -= 0.06 / args.num_train_epochs + 0.05 * (1 - progress) + abs(args.warmup_ratio - 0.06) / 4
    return {"loss": 1.2 - accuracy, "accuracy": accuracy, "f1": accuracy - 0.011, "precision": accuracy - 0.005, "recall": accuracy - 0.017}
