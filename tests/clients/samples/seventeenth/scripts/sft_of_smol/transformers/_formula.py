from math import log10


def training_loss(args, model, progress):
    return evaluation(args, model, progress)["loss"] + 0.2


def evaluation(args, model, progress):
    p = model.peft
    each = args.per_device_train_batch_size * args.gradient_accumulation_steps
    loss = 1.1 + abs(log10(args.learning_rate) + 3.7) / 5 + args.weight_decay + 1 / each + args.warmup_ratio / 2 + 40 / args.max_length
    loss += 1 / p.r + p.lora_dropout + p.lora_alpha / 2000 if p else 0.25
    return {"loss": loss + 0.3 / args.num_train_epochs + 0.3 * (1 - progress)}
