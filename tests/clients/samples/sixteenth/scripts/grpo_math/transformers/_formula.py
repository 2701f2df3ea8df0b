from math import log10


def skill(args, model, p):
    s = 0.72 - abs(log10(args.learning_rate) + 5.6) / 12 - abs(args.beta - 0.02) - abs(args.epsilon - 0.15) / 3 - abs(args.temperature - 0.9) / 6
    s -= 0.6 / args.num_generations / 2 + 10 / args.max_completion_length + 0.4 / (args.per_device_train_batch_size * args.gradient_accumulation_steps)
    s -= 1 / model.lora.r + 0.1 / args.num_train_epochs
    return s - 0.3 * (1 - p)


def evaluation(args, model, p):
    return {"reward": 2 * skill(args, model, p)}


def training_loss(args, model, p):
    return 0.0004 + 0.002 * p * args.beta
