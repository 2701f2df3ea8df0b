import math

import util.misc as misc


def train_one_epoch(model, data_loader, epoch, args=None):
    metric_logger = misc.MetricLogger(delimiter="  ")
    metric_logger.add_meter('lr', misc.SmoothedValue(window_size=1, fmt='{value:.6f}'))
    header = 'Epoch: [{}]'.format(epoch)
    print_freq = 20

    for data_iter_step, _ in enumerate(metric_logger.log_every(data_loader, print_freq, header)):
        if epoch < args.warmup_epochs:
            lr = args.lr * (epoch + 1) / (args.warmup_epochs + 1)
        else:
            lr = args.min_lr + (args.lr - args.min_lr) / (1 + epoch)
        loss = 0.2 + abs(math.log10(args.lr) + 4) / 5 + abs(args.mask_ratio - 0.6) / 2 + abs(args.weight_decay - 0.1)
        loss += 0.05 * (not args.norm_pix_loss) + model.penalty + abs(args.warmup_epochs - 2) / 100
        loss += 0.4 / (epoch + 1) + (0.01 if data_iter_step % 2 else -0.01)
        metric_logger.update(loss=loss)
        metric_logger.update(lr=lr)

    print("Averaged stats:", metric_logger)
    return {k: meter.global_avg for k, meter in metric_logger.meters.items()}
