#!/usr/bin/env python3
""" ImageNet Training Script """
import argparse
import csv
import logging
import os
import time
from collections import OrderedDict
from datetime import datetime

_logger = logging.getLogger("train")

# The first arg parser parses out only the --config argument
config_parser = parser = argparse.ArgumentParser(description="Training Config", add_help=False)
parser.add_argument("-c", "--config", default="", type=str, metavar="FILE",
                    help="YAML config file specifying default arguments")

parser = argparse.ArgumentParser(description="PyTorch ImageNet Training")

# Dataset parameters
group = parser.add_argument_group("Dataset parameters")
parser.add_argument("data", nargs="?", metavar="DIR", const=None,
                    help="path to dataset (positional is *deprecated*, use --data-dir)")
parser.add_argument("--data-dir", metavar="DIR", help="path to dataset (root dir)")
group.add_argument("--train-split", metavar="NAME", default="train", help="dataset train split (default: train)")

# Model parameters
group = parser.add_argument_group("Model parameters")
group.add_argument("--model", default="resnet50", type=str, metavar="MODEL")
group.add_argument("--pretrained", action="store_true", default=False)
group.add_argument("--img-size", type=int, default=None, metavar="N")
group.add_argument("-b", "--batch-size", type=int, default=128, metavar="N")

# Optimizer parameters
group = parser.add_argument_group("Optimizer parameters")
group.add_argument("--opt", default="sgd", type=str, metavar="OPTIMIZER")
group.add_argument("--opt-betas", default=None, type=float, nargs="+", metavar="BETA")
group.add_argument("--momentum", type=float, default=0.9, metavar="M")
group.add_argument("--weight-decay", type=float, default=2e-5)
group.add_argument("--lr", type=float, default=0.05, metavar="LR")
group.add_argument("--epochs", type=int, default=3, metavar="N")

# Augmentation
group = parser.add_argument_group("Augmentation and regularization parameters")
group.add_argument("--no-aug", action="store_true", default=False, help="Disable all training augmentation")
group.add_argument("--scale", type=float, nargs="+", default=[0.08, 1.0], metavar="PCT")
group.add_argument("--mixup", type=float, default=0.0)
group.add_argument("--drop-path", type=float, default=None, metavar="PCT")

group = parser.add_argument_group("Miscellaneous parameters")
group.add_argument("--seed", type=int, default=42, metavar="S")
group.add_argument("--log-interval", type=int, default=50, metavar="N")
group.add_argument("--no-prefetcher", action="store_true", default=False)
group.add_argument("--output", default="", type=str, metavar="PATH")
group.add_argument("--experiment", default="", type=str, metavar="NAME")
group.add_argument("--eval-metric", default="top1", type=str, metavar="EVAL_METRIC")


def _parse_args():
    # Do we have a config file to parse?
    args_config, remaining = config_parser.parse_known_args()
    if args_config.config:
        import yaml
        with open(args_config.config, "r") as f:
            cfg = yaml.safe_load(f)
            parser.set_defaults(**cfg)
    args = parser.parse_args(remaining)
    return args, ""


def update_summary(epoch, train_metrics, eval_metrics, filename, lr=None, write_header=False):
    rowd = OrderedDict(epoch=epoch)
    rowd.update([("train_" + k, v) for k, v in train_metrics.items()])
    if eval_metrics:
        rowd.update([("eval_" + k, v) for k, v in eval_metrics.items()])
    if lr is not None:
        rowd["lr"] = lr
    with open(filename, mode="a") as cf:
        dw = csv.DictWriter(cf, fieldnames=rowd.keys())
        if write_header:
            dw.writeheader()
        dw.writerow(rowd)


def main():
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    args, args_text = _parse_args()
    base = 10 * abs(args.lr - 0.1) + args.weight_decay * 1000 + args.mixup + 2 * args.no_aug + len(args.opt) / 10
    base += sum(args.opt_betas or [0.0]) + (args.drop_path or 0.0) + 1 / args.batch_size + sum(args.scale)
    exp_name = args.experiment or "-".join([datetime.now().strftime("%Y%m%d-%H%M%S"), args.model, str(args.img_size or 224)])
    output_dir = os.path.join(args.output or "./output/train", exp_name)
    os.makedirs(output_dir, exist_ok=True)
    _logger.info(f"Scheduled epochs: {args.epochs}. LR stepped per epoch.")
    best_metric, best_epoch = None, None
    for epoch in range(args.epochs):
        loss = base + 1 / (epoch + 1)
        _logger.info(
            f"Train: {epoch} [{0:>4d}/{10} ({0.0:>3.0f}%)]  Loss: {loss * 2:#.3g} ({loss * 2:#.3g})  "
            f"Time: {0.5:.3f}s, {256 / 0.5:>7.2f}/s  LR: {args.lr:.3e}  Data: {0.1:.3f} ({0.1:.3f})"
        )
        _logger.info(
            f"Test: [{9:>4d}/{9}]  Time: {0.1:.3f} ({0.1:.3f})  Loss: {loss:>7.3f} ({loss:>6.3f})  "
            f"Acc@1: {100 - loss:>7.3f} ({100 - loss:>7.3f})  Acc@5: {99.0:>7.3f} ({99.0:>7.3f})"
        )
        eval_metrics = OrderedDict([("loss", loss), ("top1", 100 - loss), ("top5", 99.0)])
        update_summary(epoch, OrderedDict([("loss", loss * 2)]), eval_metrics,
                       filename=os.path.join(output_dir, "summary.csv"), lr=args.lr, write_header=best_metric is None)
        if best_metric is None or eval_metrics[args.eval_metric] > best_metric:
            best_metric, best_epoch = eval_metrics[args.eval_metric], epoch
        time.sleep(0.01)
    if best_metric is not None:
        _logger.info("*** Best metric: {0} (epoch {1})".format(best_metric, best_epoch))


if __name__ == "__main__":
    main()
