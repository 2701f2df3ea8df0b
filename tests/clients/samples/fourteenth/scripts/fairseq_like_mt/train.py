#!/usr/bin/env python3 -u
"""
Train a new model on one device.
"""
import logging
import math
import os
import sys
import time

import torch

from seqlab import options
from seqlab.registry import CRITERIONS, MODELS

logging.basicConfig(
    format="%(asctime)s | %(levelname)s | %(name)s | %(message)s",
    datefmt="%Y-%m-%d %H:%M:%S",
    level=os.environ.get("LOGLEVEL", "INFO").upper(),
    stream=sys.stdout,
)
logger = logging.getLogger("seqlab_cli.train")
train_logger = logging.getLogger("train")
valid_logger = logging.getLogger("valid")


class Trainer:
    def __init__(self, args, model, criterion):
        self.args, self.model, self.criterion = args, model, criterion
        self.num_updates, self.best = 0, None

    def nll(self, epoch):
        args = self.args
        loss = 2.0 + self.model.capacity + abs(math.log10(args.lr) + 3) / 2 + 300 * args.weight_decay
        loss += abs(args.dropout - 0.3) + 400 / (args.max_tokens * args.update_freq) + args.clip_norm / 500
        return loss + abs(args.warmup_updates - 200) / 1000 + 1.5 / epoch

    def train_step(self):
        self.num_updates += 1
        return self.args.lr * min(1.0, self.num_updates / max(1, self.args.warmup_updates))


def format_stats(stats):
    return " | ".join(f"{key} {value}" for key, value in stats.items())


def train(args, trainer, epoch):
    """Train the model for one epoch and return its learning rate."""
    batches = 40
    start, lr = time.time(), 0.0
    for i in range(1, batches + 1):
        if i % args.update_freq == 0:
            lr = trainer.train_step()
        if i % args.log_interval == 0:
            nll = trainer.nll(epoch) + 0.3 * (batches - i) / batches
            stats = {"loss": f"{nll + 1.1:.3f}", "nll_loss": f"{nll:.3f}", "ppl": f"{2 ** nll:.2f}",
                     "num_updates": trainer.num_updates, "lr": f"{lr:.5g}", "clip": 0, "train_wall": 0}
            logger.info(f"epoch {epoch:03d}: {i:6d} / {batches} " + ", ".join(f"{k}={v}" for k, v in stats.items()))
    nll = trainer.nll(epoch)
    train_logger.info(f"epoch {epoch:03d} | " + format_stats({
        "loss": f"{nll + 1.1:.3f}", "nll_loss": f"{nll:.3f}", "ppl": f"{2 ** nll:.2f}",
        "num_updates": trainer.num_updates, "lr": f"{lr:.5g}", "wall": f"{time.time() - start:.0f}"}))
    return lr


def validate(args, trainer, epoch):
    """Evaluate the model on the validation set and return the loss."""
    nll = trainer.nll(epoch) + 0.25
    loss = nll + 0.5 + 4 * abs(trainer.criterion.smoothing - 0.15)
    trainer.best = loss if trainer.best is None else min(trainer.best, loss)
    valid_logger.info(f"epoch {epoch:03d} | valid on 'valid' subset | " + format_stats({
        "loss": f"{loss:.3f}", "nll_loss": f"{nll:.3f}", "ppl": f"{2 ** nll:.2f}", "wps": 0,
        "num_updates": trainer.num_updates, "best_loss": f"{trainer.best:.3f}"}))
    return loss


def main(args):
    torch.manual_seed(args.seed)
    logger.info(args)
    model = MODELS[args.model_name](args)
    criterion = CRITERIONS[args.criterion](args)
    logger.info("task: translation, model: {}, criterion: {}".format(args.arch, type(criterion).__name__))
    logger.info("num. model params: 2,231,808 (num. trained: 2,231,808)")

    os.makedirs(args.save_dir, exist_ok=True)
    trainer = Trainer(args, model, criterion)
    logger.info("training on 1 devices (CPU), max tokens per device = {}".format(args.max_tokens))
    start, bad = time.time(), 0
    for epoch in range(1, args.max_epoch + 1):
        logger.info("begin training epoch {}".format(epoch))
        train(args, trainer, epoch)
        before = trainer.best
        loss = validate(args, trainer, epoch)
        bad = 0 if before is None or loss < before else bad + 1
        name = os.path.join(args.save_dir, "checkpoint_best.pt" if bad == 0 else "checkpoint_last.pt")
        torch.save({"epoch": epoch, "val_loss": loss}, name)
        logger.info("saved checkpoint {} (epoch {} @ {} updates, score {:.3f})".format(name, epoch, trainer.num_updates, loss))
        if 0 < args.patience <= bad:
            logger.info("early stop since valid performance hasn't improved for last {} runs".format(args.patience))
            break
    logger.info("done training in {:.1f} seconds".format(time.time() - start))


def cli_main():
    parser = options.get_training_parser()
    args = options.parse_args_and_arch(parser)
    main(args)


if __name__ == "__main__":
    cli_main()
