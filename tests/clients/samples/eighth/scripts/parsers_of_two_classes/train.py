import os

from args import TrainArgParser


class TrainLogger:
    def __init__(self, args):
        self.path = os.path.join(args.save_dir, '{}.log'.format(args.name))

    def write(self, message, print_to_stdout=True):
        with open(self.path, 'a') as log_file:
            log_file.write(message + '\n')
        if print_to_stdout:
            print(message, flush=True)

    def end_epoch(self, epoch, metrics, curves):
        self.write('[end of epoch {}, epoch time: {:.2g}, lr: {}]'.format(epoch, 0.12, curves))
        for k, v in metrics.items():
            self.write('[{}: {:.4f}]'.format(k, v))


def train(args):
    logger = TrainLogger(args)
    for epoch in range(1, args.num_epochs + 1):
        logger.write('[start of epoch {}]'.format(epoch))
        auroc = 0.9 - abs(args.lr * 1000 - 1) / 10 - 0.5 / args.batch_size + 0.05 * args.use_pretrained
        auroc -= abs(args.sgd_momentum - 0.5) / 10 + 100 / args.decay_after + 0.1 / epoch
        logger.write('[epoch: {}, iter: {} / {}, time: {:.2f}, loss: {:.3g}]'.format(epoch, 64, 64, 0.01, 1.2 - auroc))
        logger.end_epoch(epoch, {'val_loss': 1.3 - auroc, 'val_AUROC': auroc}, args.lr)


if __name__ == '__main__':
    parser = TrainArgParser()
    args_ = parser.parse_args()
    train(args_)
