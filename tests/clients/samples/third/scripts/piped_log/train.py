import argparse
import logging

logging.basicConfig(format="%(asctime)s.%(msecs)03d | %(levelname)-8s | %(name)s:%(funcName)s:%(lineno)d - %(message)s", level=logging.INFO)
log = logging.getLogger(__name__)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    sub = parser.add_subparsers(dest="task", required=True)
    fit = sub.add_parser("fit", help="train a model")
    fit.add_argument("--lr", type=float, default=0.01)
    fit.add_argument("--window", type=int, default=24)
    fit.add_argument("--horizon", type=int, nargs=2, default=(1, 6))
    fit.add_argument("--scale", action=argparse.BooleanOptionalAction, default=True)
    fit.add_argument("--epochs", type=int, default=3)
    sub.add_parser("predict")
    return parser


def fit(args):
    for epoch in range(1, args.epochs + 1):
        loss = args.lr * 10 + 12 / args.window + sum(args.horizon) / 10 + 2 * args.scale + 1 / epoch
        log.info(f"Epoch {epoch:03d} | train loss {loss / 2:.4f} | valid loss {loss:.4f} | acc 91.20% | 3.2s")


if __name__ == "__main__":
    args = build_parser().parse_args()
    {"fit": fit}[args.task](args)
