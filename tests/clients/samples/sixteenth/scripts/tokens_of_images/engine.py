from math import log10

import utils


class ViT:
    def __init__(self, args):
        self.args, self.epochs = args, 0.0
        self.base = {"vit_tiny": 0.24, "vit_small": 0.19}[args.model]

    def error(self):
        a = self.args
        e = self.base + abs(log10(a.lr) + 3) / 10 + abs(a.weight_decay - 0.08) + abs(a.drop_path - 0.05) / 2 + abs(a.smoothing - 0.05) / 4
        return e + abs(a.mixup - 0.5) / 20 + a.warmup_epochs / 500 + a.batch_size / 6400 + 0.4 / (1 + self.epochs)


def train_one_epoch(model, n, epoch):
    metric_logger = utils.MetricLogger()
    metric_logger.meters["lr"] = utils.SmoothedValue(window_size=1, fmt="{value:.6f}")
    for _ in metric_logger.log_every(range(n), 10, f"Epoch: [{epoch}]"):
        metric_logger.update(loss=4 * model.error(), lr=model.args.lr)
        model.epochs += 1 / n
    print("Averaged stats:", metric_logger)
    return {k: meter.global_avg for k, meter in metric_logger.meters.items()}


def evaluate(model, n):
    metric_logger = utils.MetricLogger()
    for _ in metric_logger.log_every(range(n), 10, "Test:"):
        e = model.error()
        metric_logger.update(loss=4 * e, acc1=100 * (1 - e), acc5=100 * (1 - e / 4))
    print("* Acc@1 {top1.global_avg:.3f} Acc@5 {top5.global_avg:.3f} loss {losses.global_avg:.3f}".format(
        top1=metric_logger.acc1, top5=metric_logger.acc5, losses=metric_logger.loss))
    return {k: meter.global_avg for k, meter in metric_logger.meters.items()}
