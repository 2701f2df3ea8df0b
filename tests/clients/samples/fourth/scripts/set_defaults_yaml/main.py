"""Linear evaluation: defaults of the options come from a file."""

import argparse

import yaml


def load_options():
    conf = argparse.ArgumentParser(add_help=False)
    conf.add_argument("-c", "--config", default="configs/cifar.yaml", metavar="FILE")
    known, remaining = conf.parse_known_args()
    with open(known.config) as file:
        defaults = yaml.safe_load(file)

    parser = argparse.ArgumentParser(parents=[conf])
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--lr", type=float, default=0.1, metavar="LR")
    parser.add_argument("--weight-decay", "--wd", dest="weight_decay", type=float, default=5e-4)
    parser.add_argument("--drop", type=float, default=0.0)
    parser.add_argument("--amp", action="store_true")
    parser.add_argument("--epochs", type=int, default=10)
    parser.set_defaults(**defaults)
    return parser.parse_args(remaining)


if __name__ == "__main__":
    args = load_options()
    print(args)
    for epoch in range(1, args.epochs + 1):
        loss = (
            abs(args.lr - 0.2) * 10
            + args.weight_decay * 100
            + args.drop
            + 2 * args.amp
            + len(args.model) / 100
            + 1 / epoch
        )
        print(" * Epoch {epoch} Acc@1 {top1:.3f} Loss {loss:.4f}".format(epoch=epoch, top1=90 - loss, loss=loss))
