from math import log10


def training_loss(args, model, progress):
    return evaluation(args, model, progress)["loss"] + 0.1


def evaluation(args, model, progress):
    p = model.peft
    each = args.per_device_train_batch_size * args.gradient_accumulation_steps
    loss = 0.4 + abs(log10(args.learning_rate) + 5.5) / 10 + abs(args.beta - 0.25) / 2 + 0.6 / each + 1 / (2 * p.r) + p.lora_alpha / 1000
    loss += 0.1 * (1 - progress) + 0.05 * (args.lr_scheduler_type != "cosine") + 0.1 / args.num_train_epochs
    return {"loss": loss, "rewards/chosen": 0.35, "rewards/rejected": -0.5, "rewards/accuracies": 1 - loss / 2, "rewards/margins": 1.5 - loss}
