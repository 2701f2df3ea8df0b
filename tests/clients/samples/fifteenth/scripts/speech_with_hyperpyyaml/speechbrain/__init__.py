"""A small stand-in for speechbrain."""
import enum
import os
import shutil
import sys

import yaml
from tqdm import tqdm

from . import nnet, train_logger  # noqa: F401


class Stage(enum.Enum):
    TRAIN, VALID, TEST = 1, 2, 3


def parse_arguments(words):
    """The file of hyperparameters, the options of the run, and YAML of the overrides."""
    file, overrides, options = words[0], {}, {"device": "cpu"}
    rest = [part for word in words[1:] for part in (word.split("=", 1) if word.startswith("--") else [word])]
    for name, value in zip(rest[::2], rest[1::2]):
        (options if name == "--device" else overrides)[name[2:]] = yaml.safe_load(value)
    return file, options, yaml.safe_dump(overrides) if overrides else ""


def create_experiment_directory(experiment_directory, hyperparams_to_save, overrides=""):
    os.makedirs(experiment_directory, exist_ok=True)
    shutil.copy(hyperparams_to_save, os.path.join(experiment_directory, "hyperparams.yaml"))
    print(f"speechbrain.core - Beginning experiment!\nspeechbrain.core - Experiment folder: {experiment_directory}", file=sys.stderr)


class Brain:
    def __init__(self, modules=None, opt_class=None, hparams=None, run_opts=None, checkpointer=None):
        self.modules, self.hparams = modules, type("HParams", (), hparams)()
        self.lr = opt_class["lr"] if opt_class else None

    def fit(self, epochs, train_set, valid_set):
        for epoch in range(1, epochs + 1):
            self.epoch = epoch
            for stage, n in ((Stage.TRAIN, train_set), (Stage.VALID, valid_set)):
                self.on_stage_start(stage, epoch)
                losses = []
                for i in tqdm(range(n), dynamic_ncols=True, disable=stage != Stage.TRAIN):
                    self.progress = epoch - 1 + (i + 1) / n if stage == Stage.TRAIN else epoch
                    losses.append(self.compute_objectives(self.progress, stage))
                self.on_stage_end(stage, sum(losses) / n, epoch)

    def evaluate(self, test_set):
        self.on_stage_start(Stage.TEST, None)
        losses = [self.compute_objectives(self.epoch, Stage.TEST) for _ in range(test_set)]
        self.on_stage_end(Stage.TEST, sum(losses) / test_set, None)
