from math import log10


def training_loss(args, model, progress):
    return evaluation(args, model, progress)["loss"] + 0.1


def evaluation(args, model, progress):
    each = args.per_device_train_batch_size * args.gradient_accumulation_steps
    bad = abs(log10(args.learning_rate) + 3.5) / 4 + args.weight_decay / 2 + 1 / each + 0.4 / args.num_train_epochs + 0.3 * (1 - progress)
    return {"loss": 1.3 + bad, "rouge1": 50 - 6 * bad, "rouge2": 26 - 5 * bad, "rougeL": 42 - 6 * bad, "rougeLsum": 42.1 - 6 * bad, "gen_len": 22.4}
