from math import log10


def evaluation(args, model, p):
    loss = 1.1 + abs(log10(args.learning_rate) + 4.5) / 3 + args.weight_decay + abs(args.warmup_ratio - 0.06)
    loss += 1.2 / (args.per_device_train_batch_size * args.gradient_accumulation_steps) + 64 / args.model_max_length + 0.5 / (0.5 + args.num_train_epochs)
    if args.neftune_alpha is not None:
        loss += abs(args.neftune_alpha - 5) / 100 - 0.05
    return {"loss": loss + 0.7 * (1 - p)}


def training_loss(args, model, p):
    return evaluation(args, model, p)["loss"] - 0.2 + 0.5 * (1 - p)
