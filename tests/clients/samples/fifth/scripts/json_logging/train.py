import argparse
import json
import logging
import sys


def int_or_none(value):
    return None if value.lower() == "none" else int(value)


def get_arguments(argv=None):
    arg_parser = argparse.ArgumentParser(fromfile_prefix_chars="@")
    arg_parser.add_argument("--peak-lr", type=float, default=5e-4)
    arg_parser.add_argument("--max-len", type=int_or_none, default=None)
    arg_parser.add_argument("--layers", type=int, nargs="*", default=[])
    arg_parser.add_argument("--no-tie", action="store_true", dest="untied")
    arg_parser.add_argument("--max-epoch", "--epochs", type=int, default=3)
    return arg_parser.parse_args(argv)


def run(args):
    logging.basicConfig(format="%(asctime)s | %(levelname)s | %(name)s | %(message)s", level="INFO", stream=sys.stderr)
    log = logging.getLogger("fairseq_like.train")
    for epoch in range(1, args.max_epoch + 1):
        loss = abs(args.peak_lr * 1000 - 1) + 2 * args.untied + sum(args.layers) / 10 + (args.max_len or 100) / 100 + 1 / epoch
        log.info("begin training epoch " + str(epoch))
        log.info(json.dumps({"epoch": epoch, "train_loss": f"{loss + 0.2:.3f}", "train_wps": "1203.2"}))
        log.info(json.dumps({"epoch": epoch, "valid_loss": f"{loss:.4f}", "valid_ppl": f"{2 ** loss:.2f}", "valid_num_updates": str(epoch * 10)}))


if __name__ == "__main__":
    run(get_arguments())
