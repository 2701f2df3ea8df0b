from math import log10


def evaluation(args, model, progress):
    return {"loss": training_loss(args, model, progress) + 0.1}


def training_loss(args, model, progress):
    n = args.per_device_train_batch_size * args.gradient_accumulation_steps
    return 0.9 + abs(log10(args.learning_rate) + 4.5) / 5 + abs(args.weight_decay - 0.02) + n / 500 + abs(args.warmup_ratio - 0.04) + 0.4 / args.num_train_epochs + 0.2 * (0.5 - progress)
