import argparse
import json
import sys
import time


def get_args_parser():
    parser = argparse.ArgumentParser("MAE pre-training", add_help=False)
    parser.add_argument("--blr", type=float, default=1e-3, metavar="LR")
    parser.add_argument("--mask_ratio", default=0.75, type=float, help="Masking ratio (percentage of removed patches).")
    parser.add_argument("--norm_pix_loss", action="store_true")
    parser.set_defaults(norm_pix_loss=False)
    parser.add_argument("--warmup_epochs", type=int, default=40, metavar="N")
    parser.add_argument("--epochs", default=3, type=int)
    parser.add_argument("--pin_mem", action="store_true")
    parser.add_argument("--no_pin_mem", action="store_false", dest="pin_mem")
    parser.set_defaults(pin_mem=True)
    return parser


def main(args):
    for epoch in range(args.epochs):
        loss = args.blr * 100 + args.mask_ratio + 2 * args.norm_pix_loss + args.warmup_epochs / 100 + 4 * args.pin_mem + 1 / (epoch + 1)
        stats = {"epoch": epoch, "time": time.time(), "train": {"loss": loss / 2, "lr": args.blr}, "val": {"loss": loss, "n": 10}}
        sys.stdout.write(json.dumps(stats) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser("MAE", parents=[get_args_parser()])
    main(parser.parse_args())
