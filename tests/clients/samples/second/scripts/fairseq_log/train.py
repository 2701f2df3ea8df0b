#!/usr/bin/env python3 -u
"""Train a new model on one or across multiple GPUs."""
import argparse
import ast
import logging
import os
import sys

logging.basicConfig(
    format="%(asctime)s | %(levelname)s | %(name)s | %(message)s",
    datefmt="%Y-%m-%d %H:%M:%S",
    level=os.environ.get("LOGLEVEL", "INFO").upper(),
    stream=sys.stdout,
)
logger = logging.getLogger("fairseq_cli.train")


def eval_str_list(x, type=float):
    if x is None:
        return None
    if isinstance(x, str):
        x = ast.literal_eval(x)
    try:
        return list(map(type, x))
    except TypeError:
        return [type(x)]


def add_optimization_args(parser):
    group = parser.add_argument_group("optimization")
    group.add_argument("--max-epoch", type=int, metavar="N", default=3, help="force stop training at specified epoch")
    group.add_argument("--clip-norm", type=float, metavar="NORM", default=0.0)
    group.add_argument("--update-freq", default="1", metavar="N1,N2,...,N_K", type=lambda uf: eval_str_list(uf, type=int))
    group.add_argument("--lr", "--learning-rate", default="0.25", type=eval_str_list, metavar="LR_1,LR_2,...,LR_N")
    group.add_argument("--adam-betas", default="(0.9, 0.999)", metavar="B")
    group.add_argument("--weight-decay", "--wd", default=0.0, type=float, metavar="WD")
    return group


def get_training_parser():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("data", nargs="?", default="data-bin", help="colon separated path to data directories")
    parser.add_argument("--arch", "-a", default="fconv", choices=["fconv", "transformer", "lstm"])
    parser.add_argument("--dropout", type=float, default=0.1, metavar="D")
    parser.add_argument("--share-all-embeddings", action="store_true")
    parser.add_argument("--save-dir", metavar="DIR", default="checkpoints")
    add_optimization_args(parser)
    return parser


def main(args):
    logger.info(args)
    logger.info("model {}, criterion LabelSmoothedCrossEntropyCriterion".format(args.arch))
    logger.info("num. model params: {} (num. trained: {})".format(39469056, 39469056))
    logger.info("max tokens per GPU = {} and max sentences per GPU = {}".format(4096, None))
    base = abs(args.lr[0] - 0.1) * 10 + args.dropout + args.weight_decay + 2 * args.share_all_embeddings
    base += sum(args.update_freq) / 10 + len(args.arch) / 10
    for epoch in range(1, args.max_epoch + 1):
        loss = base + 1 / epoch
        logging.getLogger("train_inner").info(
            "epoch {:03d}:    100 / 145 loss={:.3f}, nll_loss={:.3f}, ppl={:.2f}, wps=30000, ups=8.1, lr={}, gnorm=1.2".format(
                epoch, loss * 2, loss, 2**loss, args.lr[0]))
        logging.getLogger("valid").info(
            "epoch {:03d} | valid on 'valid' subset | loss {:.4f} | nll_loss {:.3f} | ppl {:.2f} | wps 82000.1 | "
            "num_updates {} | best_loss {:.4f}".format(epoch, loss, loss / 2, 2 ** (loss / 2), epoch * 145, loss))
        logging.getLogger("train").info(
            "epoch {:03d} | loss {:.3f} | nll_loss {:.3f} | ppl {:.2f} | num_updates {} | lr {} | train_wall 17 | wall 20".format(
                epoch, loss * 2, loss, 2**loss, epoch * 145, args.lr[0]))
    logger.info("done training in 60.1 seconds")


def cli_main():
    parser = get_training_parser()
    args = parser.parse_args()
    main(args)


if __name__ == "__main__":
    cli_main()
