import argparse
import collections

from parse_config import ConfigParser


def main(config):
    lr = config['optimizer']['args']['lr']
    bs = config['data_loader']['args']['batch_size']
    amsgrad = config['optimizer']['args']['amsgrad']
    epochs = config['trainer']['epochs']
    for epoch in range(1, epochs + 1):
        loss = lr * 100 + 8 / bs + 2 * amsgrad + 1 / epoch
        log = {'epoch': epoch, 'loss': loss / 2, 'accuracy': 0.5, 'val_loss': loss, 'val_accuracy': 0.4}
        for key, value in log.items():
            print('    {:15s}: {}'.format(str(key), value))


if __name__ == '__main__':
    args = argparse.ArgumentParser(description='PyTorch Template')
    args.add_argument('-c', '--config', default='config.json', type=str, help='config file path (default: None)')
    args.add_argument('-r', '--resume', default=None, type=str, help='path to latest checkpoint (default: None)')

    # custom cli options to modify configuration from default values given in json file.
    CustomArgs = collections.namedtuple('CustomArgs', 'flags type target')
    options = [
        CustomArgs(['--lr', '--learning_rate'], type=float, target='optimizer;args;lr'),
        CustomArgs(['--bs', '--batch_size'], type=int, target='data_loader;args;batch_size')
    ]
    config = ConfigParser.from_args(args, options)
    main(config)
