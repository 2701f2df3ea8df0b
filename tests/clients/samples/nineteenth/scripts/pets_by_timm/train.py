#!/usr/bin/env python3
"""Image classification training script."""
import argparse
import logging
import os
import time
from collections import OrderedDict
from datetime import datetime

import torch
import yaml
from timm import AverageMeter, LabelSmoothingCrossEntropy, accuracy, create_model, create_optimizer, get_outdir, update_summary
from torch.utils.data import DataLoader, Dataset

_logger = logging.getLogger("train")

# The first arg parser parses out only the --config argument, this argument is used to
# load a yaml file containing key-values that override the defaults for the main parser below
config_parser = parser = argparse.ArgumentParser(description="Training Config", add_help=False)
parser.add_argument("-c", "--config", default="", type=str, metavar="FILE", help="YAML config file specifying default arguments")

parser = argparse.ArgumentParser(description="PyTorch Image Training")
group = parser.add_argument_group("Dataset parameters")
group.add_argument("--data-dir", metavar="DIR", default="data/pets", help="path to dataset (root dir)")
group.add_argument("--num-classes", type=int, default=37, metavar="N", help="number of label classes")
group = parser.add_argument_group("Model parameters")
group.add_argument("--model", default="resnet50", type=str, metavar="MODEL", help='Name of model to train (default: "resnet50")')
group.add_argument("--pretrained", action="store_true", default=False, help="Start with pretrained version of specified network")
group.add_argument("-b", "--batch-size", type=int, default=128, metavar="N", help="Input batch size for training (default: 128)")
group.add_argument("-vb", "--validation-batch-size", type=int, default=None, metavar="N", help="Validation batch size override")
group = parser.add_argument_group("Optimizer parameters")
group.add_argument("--opt", default="sgd", type=str, metavar="OPTIMIZER", help='Optimizer (default: "sgd")')
group.add_argument("--momentum", type=float, default=0.9, metavar="M", help="Optimizer momentum (default: 0.9)")
group.add_argument("--weight-decay", type=float, default=2e-5, help="weight decay (default: 2e-5)")
group = parser.add_argument_group("Learning rate schedule parameters")
group.add_argument("--lr", type=float, default=0.05, metavar="LR", help="learning rate (default: 0.05)")
group.add_argument("--epochs", type=int, default=6, metavar="N", help="number of epochs to train")
group = parser.add_argument_group("Augmentation and regularization parameters")
group.add_argument("--smoothing", type=float, default=0.1, help="Label smoothing (default: 0.1)")
group.add_argument("--drop", type=float, default=0.0, metavar="PCT", help="Dropout rate (default: 0.)")
group = parser.add_argument_group("Miscellaneous parameters")
group.add_argument("--seed", type=int, default=42, metavar="S", help="random seed (default: 42)")
group.add_argument("--log-interval", type=int, default=5, metavar="N", help="how many batches to wait before logging")
group.add_argument("-j", "--workers", type=int, default=4, metavar="N", help="how many training processes to use")
group.add_argument("--output", default="./output/train", type=str, metavar="PATH", help="path to output folder")
group.add_argument("--experiment", default="", type=str, metavar="NAME", help="name of train experiment, name of sub-folder")


def _parse_args():
    # Do we have a config file to parse?
    args_config, remaining = config_parser.parse_known_args()
    if args_config.config:
        with open(args_config.config, "r") as f:
            cfg = yaml.safe_load(f)
            parser.set_defaults(**cfg)
    args = parser.parse_args(remaining)
    args_text = yaml.safe_dump(args.__dict__, default_flow_style=False)
    return args, args_text


class ImageDataset(Dataset):
    def __init__(self, root, split):
        self.size = {"train": 2000, "validation": 400}[split]

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return i, i % 37


def main():
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    args, args_text = _parse_args()
    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    _logger.info(f"Training with a single process on 1 device ({device}).")

    model = create_model(args.model, pretrained=args.pretrained, num_classes=args.num_classes, drop_rate=args.drop)
    _logger.info(f"Model {args.model} created, param count:{sum(1 for _ in model.parameters())}")
    model.to(device)
    optimizer = create_optimizer(args, model)
    loader_train = DataLoader(ImageDataset(args.data_dir, "train"), args.batch_size, shuffle=True, drop_last=False)
    loader_eval = DataLoader(ImageDataset(args.data_dir, "validation"), args.validation_batch_size or args.batch_size)
    train_loss_fn = LabelSmoothingCrossEntropy(smoothing=args.smoothing)
    validate_loss_fn = torch.nn.CrossEntropyLoss()
    lr_scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.epochs)

    exp_name = args.experiment or "-".join([datetime.now().strftime("%Y%m%d-%H%M%S"), args.model])
    output_dir = get_outdir(args.output, exp_name)
    with open(os.path.join(output_dir, "args.yaml"), "w") as f:
        f.write(args_text)

    best_metric, best_epoch = None, None
    for epoch in range(args.epochs):
        train_metrics = train_one_epoch(epoch, model, loader_train, optimizer, train_loss_fn, args)
        eval_metrics = validate(model, loader_eval, validate_loss_fn, args)
        lr_scheduler.step(epoch + 1)
        update_summary(epoch, train_metrics, eval_metrics, os.path.join(output_dir, "summary.csv"), write_header=best_metric is None)
        if best_metric is None or eval_metrics["top1"] > best_metric:
            best_metric, best_epoch = eval_metrics["top1"], epoch
            torch.save(model.state_dict(), os.path.join(output_dir, "model_best.pth.tar"))

    if best_metric is not None:
        _logger.info("*** Best metric: {0} (epoch {1})".format(best_metric, best_epoch))


def train_one_epoch(epoch, model, loader, optimizer, loss_fn, args):
    losses_m, batch_time_m = AverageMeter(), AverageMeter()
    model.train()
    end = time.time()
    last_idx = len(loader) - 1
    for batch_idx, (input, target) in enumerate(loader):
        output = model(input)
        loss = loss_fn(output, target)
        losses_m.update(loss.item(), input.size(0))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        batch_time_m.update(time.time() - end)
        if batch_idx == last_idx or batch_idx % args.log_interval == 0:
            lr = optimizer.param_groups[0]["lr"]
            _logger.info(
                "Train: {} [{:>4d}/{} ({:>3.0f}%)]  Loss: {:#.4g} ({:#.3g})  Time: {:.3f}s  LR: {:.3e}".format(
                    epoch, batch_idx, len(loader), 100.0 * batch_idx / max(1, last_idx), losses_m.val, losses_m.avg, batch_time_m.avg, lr))
        end = time.time()
    return OrderedDict([("loss", losses_m.avg)])


def validate(model, loader, loss_fn, args, log_suffix=""):
    losses_m, top1_m, top5_m, batch_time_m = AverageMeter(), AverageMeter(), AverageMeter(), AverageMeter()
    model.eval()
    end = time.time()
    last_idx = len(loader) - 1
    with torch.no_grad():
        for batch_idx, (input, target) in enumerate(loader):
            output = model(input)
            loss = loss_fn(output, target)
            acc1, acc5 = accuracy(output, target, topk=(1, 5))
            losses_m.update(loss.item(), input.size(0))
            top1_m.update(acc1.item(), output.size(0))
            top5_m.update(acc5.item(), output.size(0))
            batch_time_m.update(time.time() - end)
            end = time.time()
            if batch_idx == last_idx or batch_idx % args.log_interval == 0:
                _logger.info(
                    "{}: [{:>4d}/{}]  Time: {:.3f} ({:.3f})  Loss: {:>7.4f} ({:>6.4f})  Acc@1: {:>7.4f} ({:>7.4f})  Acc@5: {:>7.4f} ({:>7.4f})".format(
                        "Test" + log_suffix, batch_idx, last_idx, batch_time_m.val, batch_time_m.avg, losses_m.val, losses_m.avg,
                        top1_m.val, top1_m.avg, top5_m.val, top5_m.avg))
    return OrderedDict([("loss", losses_m.avg), ("top1", top1_m.avg), ("top5", top5_m.avg)])


if __name__ == "__main__":
    main()
