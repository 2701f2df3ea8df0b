import argparse
import json
import os

parser = argparse.ArgumentParser()
parser.add_argument("--base-lr", type=float, default=0.5, help="base learning rate")
parser.add_argument("--proj", type=int, default=256)
parser.add_argument("--temperature", type=float, default=0.07)
parser.add_argument("--hard-negatives", action=argparse.BooleanOptionalAction, default=False)
parser.add_argument("--crops", type=int, nargs=2, default=[2, 6])
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--ckpt", default=os.environ.get("CKPT_DIR", "checkpoints"))


def main():
    args = parser.parse_args()
    print(json.dumps(vars(args)))
    for epoch in range(1, args.epochs + 1):
        loss = (
            abs(args.base_lr - 0.3)
            + 16 / args.proj
            + args.temperature
            + 2 * args.hard_negatives
            + sum(args.crops) / 10
            + 1 / epoch
        )
        stats = {
            "epoch": epoch,
            "train": {"loss": loss + 0.5, "lr": args.base_lr},
            "val": {"loss": loss, "knn_top1": 70.0 - loss},
            "time": 1.5,
        }
        print(stats)


if __name__ == "__main__":
    main()
