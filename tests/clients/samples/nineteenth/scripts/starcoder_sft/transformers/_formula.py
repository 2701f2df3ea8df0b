from math import log10


def evaluation(args, model, progress):
    p = model.peft
    n = args.per_device_train_batch_size * args.gradient_accumulation_steps
    loss = 0.7 + abs(log10(args.learning_rate) + 3.6) / 5 + abs(args.weight_decay - 0.02) + 1 / n + args.warmup_steps / 2000 + 1 / p.r
    loss += abs(p.lora_alpha / p.r - 1) / 30 + p.lora_dropout / 2 + 15 / (args.max_steps * progress + 20)
    return {"loss": loss}


def training_loss(args, model, progress):
    return evaluation(args, model, progress)["loss"] - 0.04
