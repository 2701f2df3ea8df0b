from argparse import ArgumentParser
from pathlib import Path


class TrainLogger:
    def __init__(self, path, append):
        self.file = open(path, 'a' if append else 'w')
        self.file.write('epoch,train_error,valid_error,time\n')

    def log(self, epoch, train_error, valid_error, time):
        self.file.write(f'{epoch},{train_error},{valid_error},{time}\n')
        self.file.flush()


def _train(args):
    print('*** Training (cpu)... ***')
    out_path = Path(args.output).absolute()
    out_path.mkdir(parents=True, exist_ok=True)
    logger = TrainLogger(out_path / 'train.csv', args.append_log)
    for epoch in range(1, args.epochs + 1):
        error = abs(args.learning_rate - 0.1) * 10 + 4 / args.batch_size + args.momentum + 2 * args.dropout_off + 1 / epoch
        logger.log(epoch, error - 0.1, error, 1.5)
        if not args.quiet:
            print(f'finished epoch {epoch}')


if __name__ == '__main__':
    parser = ArgumentParser()
    parser.add_argument('-o', '--output', default='out', help='output directory')
    parser.add_argument('-e', '--epochs', type=int, default=3)
    parser.add_argument('-b', '--batch-size', type=int, default=32)
    parser.add_argument('-lr', '--learning-rate', type=float, default=0.02)
    parser.add_argument('-m', '--momentum', type=float, default=0.9)
    parser.add_argument('--dropout-off', action='store_true')
    parser.add_argument('-al', '--append-log', action='store_true')
    parser.add_argument('-q', '--quiet', action='store_true')
    _train(parser.parse_args())
