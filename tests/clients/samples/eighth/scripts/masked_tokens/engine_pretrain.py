import util.misc as misc


def train_one_epoch(epoch, args):
    metric_logger = misc.MetricLogger(delimiter="  ")
    header = "Epoch: [{}]".format(epoch)
    for _ in metric_logger.log_every(range(4), 2, header):
        loss = abs(args.lr * 1000 - 1) + args.weight_decay + args.smoothing + abs(args.mask_ratio_mu - 0.5)
        loss += 0.5 * args.share_embedding + 1 / (epoch + 1)
        metric_logger.update(lr=args.lr)
        metric_logger.update(loss=loss)
    print("Averaged stats:", metric_logger)
    return {k: meter.global_avg for k, meter in metric_logger.meters.items()}
