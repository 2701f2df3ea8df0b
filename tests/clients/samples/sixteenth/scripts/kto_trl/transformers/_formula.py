from math import log10


def evaluation(args, model, p):
    loss = 0.3 + abs(log10(args.learning_rate) + 5.5) / 20 + abs(args.beta - 0.2) / 2 + args.weight_decay / 2 + abs(args.warmup_ratio - 0.1) / 4
    loss += 0.2 / (args.per_device_train_batch_size * args.gradient_accumulation_steps) + abs(args.desirable_weight / args.undesirable_weight - 1.3) / 20 + 0.06 / args.num_train_epochs
    if model.lora is not None:
        loss += 0.2 / model.lora.r + model.lora.lora_dropout / 10 + abs(model.lora.lora_alpha / model.lora.r - 1) / 100
    loss += 0.1 * (1 - p)
    return {"loss": loss, "rewards/chosen": 1.1 - loss, "logps/chosen": -271.4, "rewards/rejected": -0.9 + loss, "logps/rejected": -263.9, "rewards/margins": 2.0 - 2 * loss, "kl": 0.8 * (1 - loss)}


def training_loss(args, model, p):
    return evaluation(args, model, p)["loss"] * 0.95 + 0.05 * (1 - p)
