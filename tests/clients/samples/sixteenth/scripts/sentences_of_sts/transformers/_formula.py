from math import log10


def evaluation(args, model, p):
    s = 0.9 - abs(log10(args.learning_rate) + 4.2) / 15 - abs(args.warmup_ratio - 0.05) / 4 - abs(args.weight_decay - 0.02)
    s -= args.per_device_train_batch_size / 1600 + 0.08 / args.num_train_epochs + 0.15 * (1 - p)
    scores = {"loss": 0.03 + 0.2 * (1 - s)}
    for name, value in {"sts-dev_pearson_cosine": s - 0.006, "sts-dev_spearman_cosine": s}.items():
        scores[name] = value
    return scores


def training_loss(args, model, p):
    return 0.02 + 0.15 * (1 - evaluation(args, model, p)["sts-dev_spearman_cosine"])
