import argparse

from . import criterions, models  # noqa: F401  (fill the registries)
from .registry import ARCHS, CRITERIONS, MODELS


def get_training_parser():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("data", nargs="?", default="data-bin/toy.de-en", help="path to the binarized data")
    parser.add_argument("--seed", default=1, type=int, metavar="N", help="pseudo random number generator seed")
    parser.add_argument("--log-interval", type=int, default=10, metavar="N", help="log progress every N batches")
    parser.add_argument("--arch", "-a", default="transformer_tiny", metavar="ARCH", choices=ARCHS.keys(),
                        help="model architecture")
    parser.add_argument("--criterion", default="label_smoothed_cross_entropy", metavar="CRIT",
                        choices=CRITERIONS.keys(), help="training criterion")

    group = parser.add_argument_group("Dataset and data loading")
    group.add_argument("--max-tokens", type=int, default=4096, metavar="N", help="maximum number of tokens in a batch")
    group.add_argument("--num-workers", default=1, type=int, metavar="N", help="how many subprocesses to use")

    group = parser.add_argument_group("Optimization")
    group.add_argument("--max-epoch", "--me", default=4, type=int, metavar="N", help="force stop training at this epoch")
    group.add_argument("--clip-norm", default=25.0, type=float, metavar="NORM", help="clip threshold of gradients")
    group.add_argument("--update-freq", default=1, type=int, metavar="N", help="update parameters every N batches")
    group.add_argument("--optimizer", default="adam", metavar="OPT", help="optimizer")
    group.add_argument("--lr", "--learning-rate", default=0.0005, type=float, metavar="LR", help="learning rate")
    group.add_argument("--weight-decay", "--wd", default=0.0001, type=float, metavar="WD", help="weight decay")
    group.add_argument("--lr-scheduler", default="inverse_sqrt", help="learning rate scheduler")
    group.add_argument("--warmup-updates", default=100, type=int, metavar="N", help="warmup the learning rate")

    group = parser.add_argument_group("Checkpointing")
    group.add_argument("--save-dir", metavar="DIR", default="checkpoints", help="path to save checkpoints")
    group.add_argument("--best-checkpoint-metric", type=str, default="loss", help='metric to use for saving "best"')
    group.add_argument("--patience", type=int, default=-1, metavar="N", help="early stop after N bad validations")
    return parser


def parse_args_and_arch(parser, input_args=None):
    # The parser doesn't know about model/criterion-specific args, so parse twice.
    args, _ = parser.parse_known_args(input_args)
    model_name, arch_fn = ARCHS[args.arch]
    MODELS[model_name].add_args(parser.add_argument_group("Model-specific configuration",
                                                          argument_default=argparse.SUPPRESS))
    CRITERIONS[args.criterion].add_args(parser)
    args = parser.parse_args(input_args)
    arch_fn(args)
    args.model_name = model_name
    return args
