from math import log10


def evaluation(args, model, p):
    wer = 20 + 8 * abs(log10(args.learning_rate) + 4.6) + 40 * args.weight_decay + abs(args.warmup_steps - 30) / 20
    wer += 24 / (args.per_device_train_batch_size * args.gradient_accumulation_steps) + 500 / args.max_steps + 30 * (1 - p)
    return {"loss": wer / 80, "wer": wer}


def training_loss(args, model, p):
    return evaluation(args, model, p)["loss"] * 0.7
