from math import log10


def evaluation(args, model, progress):
    n = args.per_device_train_batch_size * args.gradient_accumulation_steps
    bad = abs(log10(args.learning_rate) + 4.8) / 4 + abs(args.weight_decay - 0.02) + 1 / n + abs(args.warmup_steps / args.max_steps - 0.15) + 20 / (args.max_steps * progress + 40)
    return {"loss": 0.25 + bad / 3, "wer": 18 + 20 * bad}


def training_loss(args, model, progress):
    return evaluation(args, model, progress)["loss"] - 0.1
