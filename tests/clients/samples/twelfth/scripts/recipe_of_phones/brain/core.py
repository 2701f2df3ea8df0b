import logging
import os
import re
import sys

import yaml

logger = logging.getLogger("brain.core")


def parse_arguments(arg_list):
    """The file of hyperparameters, and the --name=value or --name value pairs that replace some of them."""
    if not arg_list or arg_list[0].startswith("--"):
        sys.exit("usage: train.py param_file [--name=value ...]")
    overrides = {}
    rest = list(arg_list[1:])
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            raise ValueError(f"unexpected argument {word}")
        name, equals, value = word[2:].partition("=")
        overrides[name] = yaml.safe_load(value if equals else rest.pop(0))
    return arg_list[0], overrides


def load_hyperpyyaml(stream, overrides):
    loader = yaml.SafeLoader
    loader.add_constructor("!ref", lambda load, node: ("ref", load.construct_scalar(node)))
    hparams = yaml.load(stream, loader)
    unknown = set(overrides) - set(hparams)
    if unknown:
        raise KeyError(f"overrides {sorted(unknown)} are not in the hyperparameters")
    hparams.update(overrides)

    def resolve(value):
        if isinstance(value, tuple):
            names = re.findall(r"<(\w+)>", value[1])
            if value[1] == "<" + names[0] + ">":
                return resolve(hparams[names[0]])
            return re.sub(r"<(\w+)>", lambda m: str(resolve(hparams[m[1]])), value[1])
        return value

    return {key: resolve(value) for key, value in hparams.items()}


class FileTrainLogger:
    def __init__(self, path):
        self.path = path

    def _item(self, name, value):
        if "loss" in name or "lr" in name:
            return f"{name}: {value:.2e}" if value < 1e-2 else f"{name}: {value:.4f}"
        return f"{name}: {value:.3f}" if isinstance(value, float) else f"{name}: {value}"

    def log_stats(self, stats_meta, train_stats=None, valid_stats=None, test_stats=None):
        parts = [", ".join(self._item(k, v) for k, v in stats_meta.items())]
        for name, stats in (("train", train_stats), ("valid", valid_stats), ("test", test_stats)):
            if stats:
                parts.append(", ".join(f"{name} " + self._item(k, v) for k, v in stats.items()))
        line = " - ".join(parts)
        with open(self.path, "a") as fout:
            print(line, file=fout)
        logging.getLogger("brain.utils.train_logger").info(line)


class Brain:
    def __init__(self, hparams):
        self.hparams = hparams
        os.makedirs(hparams["save_folder"], exist_ok=True)
        self.train_logger = FileTrainLogger(hparams["train_log"])

    def fit(self, epochs):
        logger.info("Beginning training")
        for epoch in range(1, epochs + 1):
            train_stats = self.compute("train", epoch, epochs)
            valid_stats = self.compute("valid", epoch, epochs)
            self.train_logger.log_stats({"epoch": epoch, "lr": self.hparams["lr"]}, train_stats, valid_stats)
            self.checkpoint(epoch, valid_stats)

    def checkpoint(self, epoch, stats):
        path = os.path.join(self.hparams["save_folder"], f"CKPT+epoch_{epoch}")
        os.makedirs(path, exist_ok=True)
        with open(os.path.join(path, "CKPT.yaml"), "w") as f:
            yaml.safe_dump({"epoch": epoch, **stats}, f)
        logging.getLogger("brain.utils.checkpoints").info("Saved an end-of-epoch checkpoint in " + path)
