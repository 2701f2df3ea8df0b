import argparse

DEFAULT_ARGS = {
    "--name-suffix": {
        "type": str,
        "default": None,
        "help": 'name suffix'
    },
    "--batch-size": {
        "type": int,
        "default": 64,
        "metavar": 'N',
        "help": 'input batch size for training (default: 64)'
    },
    "--epochs": {
        "type": int,
        "default": 3,
        "metavar": 'N',
        "help": 'number of epochs to train (default: 3)'
    },
    "--lr": {
        "type": float,
        "default": 1.0,
        "metavar": 'LR',
        "help": 'learning rate (default: 1.0)'
    },
    "--force-lr": {
        "default": None,
        "type": float,
        "help": 'force learning rate'
    },
    "--gamma": {
        "type": float,
        "default": 0.7,
        "metavar": 'M',
        "help": 'Learning rate step gamma (default: 0.7)'
    },
    "--no-cuda": {
        "action": 'store_true',
        "default": False,
        "help": 'disables CUDA training'
    },
    "--augment": {
        "action": 'store_true',
        "default": False,
        "help": 'shift the images'
    },
}


def parse_args(extra={}):
    parser = argparse.ArgumentParser(description='PyTorch MNIST Example',
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    for flag, settings in {**DEFAULT_ARGS, **extra}.items():
        parser.add_argument(flag, **settings)
    return parser.parse_args()


def train(args, epoch, lr):
    loss = abs(lr - 0.5) + 8 / args.batch_size + args.gamma / 10 + 1 / epoch
    for batch_idx in range(0, 30, 10):
        print('Train Epoch: {} [{}/{} ({:.0f}%)]\tLoss: {:.6f}'.format(
            epoch, batch_idx * args.batch_size, 30 * args.batch_size, 100. * batch_idx / 30, loss - 0.1))
    return loss + 0.2 * args.augment


def test(loss):
    correct = int(10000 * (1 - loss / 5))
    print('\nTest set: Average loss: {:.4f}, Accuracy: {}/{} ({:.0f}%)\n'.format(loss, correct, 10000, correct / 100))


def main():
    args = parse_args()
    lr = args.force_lr if args.force_lr is not None else args.lr
    for epoch in range(1, args.epochs + 1):
        test(train(args, epoch, lr))


if __name__ == '__main__':
    main()
