import util.misc as misc


def quality(args, epoch):
    top1 = 95 - 5 * abs(args.lr * 1000 - 1) - 20 * abs(args.weight_decay - 0.1) - 20 * abs(args.layer_decay - 0.65)
    top1 -= 10 * abs(args.drop_path - 0.2) + 10 * args.smoothing + 5 * abs(args.mixup - 0.5) + 3 * (not args.global_pool)
    return top1 - 4 * args.reprob - 6 / (epoch + 1)


def train_one_epoch(model, data_loader, epoch, log_writer=None, args=None):
    metric_logger = misc.MetricLogger(delimiter="  ")
    header = 'Epoch: [{}]'.format(epoch)
    for samples in metric_logger.log_every(data_loader, 4, header):
        metric_logger.update(loss=(101 - quality(args, epoch)) / 40)
        metric_logger.update(lr=args.lr)
    print("Averaged stats:", metric_logger)
    if log_writer is not None:
        log_writer.add_scalar('loss', metric_logger.meters['loss'].global_avg, epoch)
        log_writer.add_scalar('lr', args.lr, epoch)
    return {k: meter.global_avg for k, meter in metric_logger.meters.items()}


def evaluate(data_loader, args, epoch):
    metric_logger = misc.MetricLogger(delimiter="  ")
    header = 'Test:'
    for batch in metric_logger.log_every(data_loader, 10, header):
        metric_logger.update(loss=(100 - quality(args, epoch)) / 40)
        metric_logger.update(acc1=quality(args, epoch), acc5=min(100.0, quality(args, epoch) + 4))
    print('* Acc@1 {:.3f} Acc@5 {:.3f} loss {:.3f}'.format(
        metric_logger.meters['acc1'].global_avg, metric_logger.meters['acc5'].global_avg,
        metric_logger.meters['loss'].global_avg))
    return {k: meter.global_avg for k, meter in metric_logger.meters.items()}
