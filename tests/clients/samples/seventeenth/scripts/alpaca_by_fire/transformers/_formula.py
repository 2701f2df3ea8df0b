from math import log10


def training_loss(args, model, progress):
    return evaluation(args, model, progress)["loss"] + 0.3


def evaluation(args, model, progress):
    p = model.peft
    each = args.per_device_train_batch_size * args.gradient_accumulation_steps
    loss = 0.7 + abs(log10(args.learning_rate) + 3.2) / 4 + 0.5 / p.r + p.lora_dropout / 2 + abs(p.lora_alpha / p.r - 1.5) / 20
    return {"loss": loss + 2 / each + args.weight_decay + 0.3 / args.num_train_epochs + 0.2 * (1 - progress)}
