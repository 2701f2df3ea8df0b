"""`hptui new` on scripts that a generator makes: ways of declaring settings, of showing metrics, of laying out files.

Each script says which settings it has received, so that what is listed is what is set.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hptui import studyfile
from hptui.core.study import Study
from hptui.operations.new import write_study_file
from hptui.scripts.arguments import compose_command
from hptui.scripts.settings import read_command_spec
from hptui.trainers import registry


@dataclass(frozen=True)
class Declared:
    """A way of declaring `lr`, `epochs` and `width`: what stands in the script and in other files, and how it is read.

    `names` are the parameters of a study. `library` is what the script calls with the learning rate.
    """

    script: str
    names: tuple[str, str, str]
    reads: tuple[str, str, str]
    files: dict[str, str] = field(default_factory=dict)


CLASS = "class Config:\n    def __init__(self, root='.'):\n        self.path = root + '/data'\n"
DECLARED = {
    "arguments": Declared(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', type=float, default={lr})\n"
        "p.add_argument('--epochs', type=int, default={epochs})\np.add_argument('--width', type=int, default={width})\n"
        "a = p.parse_args()\n",
        ("lr", "epochs", "width"),
        ("a.lr", "a.epochs", "a.width"),
    ),
    "arguments of another module": Declared(
        "from opts import get_args\na = get_args()\n",
        ("lr", "epochs", "width"),
        ("a.lr", "a.epochs", "a.width"),
        {
            "opts.py": "import argparse\n\ndef get_args():\n    p = argparse.ArgumentParser()\n"
            "    for name, kind, value in [('lr', float, {lr}), ('epochs', int, {epochs}), ('width', int, {width})]:\n"
            "        p.add_argument('--' + name, type=kind, default=value)\n    return p.parse_args()\n"
        },
    ),
    "constants": Declared(
        "LR = {lr}\nEPOCHS, WIDTH = {epochs}, {width}\n", ("LR", "EPOCHS", "WIDTH"), ("LR", "EPOCHS", "WIDTH")
    ),
    "constants of a module": Declared(
        "from settings import *\n",
        ("settings.lr", "settings.epochs", "settings.width"),
        ("lr", "epochs", "width"),
        {"settings.py": "lr = {lr}\nepochs = {epochs}\nwidth = {width}\n"},
    ),
    "constants of two modules": Declared(
        "from model import width\nimport config\nskip = 3\nprint(skip)\n",
        ("config.LR", "config.EPOCHS", "model.width"),
        ("config.LR", "config.EPOCHS", "width"),
        {"config.py": "LR = {lr}\nEPOCHS = {epochs}\n", "model.py": "width = {width}\n"},
    ),
    "dictionary": Declared(
        "config = dict(lr={lr}, epochs={epochs}, model=dict(width={width}))\n",
        ("config.lr", "config.epochs", "config.model.width"),
        ("config['lr']", "config['epochs']", "config['model']['width']"),
    ),
    "attributes of a class": Declared(
        "class Config:\n    lr = {lr}\n    epochs = {epochs}\n    class model:\n        width = {width}\n\n"
        "    def __str__(self):\n        return 'config'\n\n\nc = Config()\n",
        ("Config.lr", "Config.epochs", "Config.model.width"),
        ("c.lr", "c.epochs", "c.model.width"),
    ),
    "constructor of a class": Declared(
        CLASS
        + "        self.lr = {lr}\n        self.epochs = {epochs}\n        self.width = {width}\n\n\nc = Config('x')\n",
        ("Config.lr", "Config.epochs", "Config.width"),
        ("c.lr", "c.epochs", "c.width"),
    ),
    "dataclass changed in code": Declared(
        "from dataclasses import dataclass\n\n\n@dataclass\nclass TrainConfig:\n    lr: float = 9.0\n"
        "    epochs: int = {epochs}\n    width: int = {width}\n\n\nc = TrainConfig(lr={lr})\n",
        ("TrainConfig.lr", "TrainConfig.epochs", "TrainConfig.width"),
        ("c.lr", "c.epochs", "c.width"),
    ),
    "arguments of calls": Declared(
        "class Trainer:\n    def __init__(self, lr, epochs=5, width=3):\n"
        "        self.lr, self.epochs, self.width = lr, epochs, width\n\n\n"
        "t = Trainer(lr={lr}, epochs={epochs}, width={width})\n",
        ("Trainer.lr", "Trainer.epochs", "Trainer.width"),
        ("t.lr", "t.epochs", "t.width"),
    ),
    "both optimizers of one rate": Declared(
        "class Adam:\n    def __init__(self, params, lr=1e-3):\n        self.lr = lr\n\n\n"
        "epochs = {epochs}\nwidth = {width}\nfirst, second = Adam([1], lr={lr}), Adam([2], lr={lr})\n"
        "assert first.lr == second.lr\n",
        ("Adam.lr", "epochs", "width"),
        ("first.lr", "epochs", "width"),
    ),
    "flags beside constants": Declared(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--n-epochs', type=int, default={epochs})\n"
        "p.add_argument('--seed', type=int, default=0)\np.add_argument('--cpu', action='store_true')\n"
        "a = p.parse_args()\nLR = {lr}\nhidden_size = {width}\n",
        ("LR", "n_epochs", "hidden_size"),
        ("LR", "a.n_epochs", "hidden_size"),
    ),
    "words beside constants": Declared(
        "import sys\nname = sys.argv[1] if len(sys.argv) > 1 else 'base'\nprint('of', name)\n"
        "LR = {lr}\nepochs = {epochs}\nhidden_size = {width}\n",
        ("LR", "epochs", "hidden_size"),
        ("LR", "epochs", "hidden_size"),
    ),
    "a place beside constants": Declared(
        "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('epochs', type=int, nargs='?', default={epochs})\n"
        "p.add_argument('--cpu', action='store_true')\na = p.parse_args()\n\n\n"
        "class SGD:\n    def __init__(self, lr, width):\n        self.lr, self.width = lr, width\n\n\n"
        "opt = SGD(lr={lr}, width={width})\n",
        ("SGD.lr", "epochs", "SGD.width"),
        ("opt.lr", "a.epochs", "opt.width"),
    ),
    "flags of absl beside constants": Declared(
        "import sys\nfrom absl import flags\nE = flags.DEFINE_integer('epochs', {epochs}, 'how long')\n"
        "flags.DEFINE_string('path', None, 'where')\nflags.FLAGS(sys.argv)\nLR = {lr}\nhidden_size = {width}\n",
        ("LR", "epochs", "hidden_size"),
        ("LR", "E.value", "hidden_size"),
    ),
    "a function of fire beside constants": Declared(
        "import fire\nLR = {lr}\nhidden_size = {width}\ngiven = []\n\n\ndef main(epochs={epochs}, path='x'):\n"
        "    given.append(epochs)\n\n\nfire.Fire(main)\n",
        ("LR", "epochs", "hidden_size"),
        ("LR", "given[0]", "hidden_size"),
    ),
    "entries that are set one by one": Declared(
        "given = {{}}\ngiven['lr'] = {lr}\ngiven['epochs'] = {epochs}\ngiven['width'] = {width}\n",
        ("given.lr", "given.epochs", "given.width"),
        ("given['lr']", "given['epochs']", "given['width']"),
    ),
    "attributes that a function of a module sets": Declared(
        "from configs import get_config\nc = get_config()\n",
        ("cfg.lr", "cfg.epochs", "cfg.width"),
        ("c.lr", "c.epochs", "c.width"),
        {
            "configs.py": "from types import SimpleNamespace\n\n\ndef get_config():\n    cfg = SimpleNamespace()\n"
            "    cfg.lr = {lr}\n    cfg.epochs = {epochs}\n    cfg.width = {width}\n    return cfg\n"
        },
    ),
    "class of a module that an option names": Declared(
        "import argparse\nfrom importlib import import_module\np = argparse.ArgumentParser()\n"
        "p.add_argument('--net', required=True, help='which network')\na = p.parse_args()\nname = a.net\n"
        "c = import_module('nets.' + name).Config()\n",
        ("nets.cnn.Config.lr", "nets.cnn.Config.epochs", "nets.cnn.Config.width"),
        ("c.lr", "c.epochs", "c.width"),
        {
            "nets/cnn.py": "class Config:\n    def __init__(self):\n        self.lr = {lr}\n"
            "        self.epochs = {epochs}\n        self.width = {width}\n",
            "nets/rnn.py": "class Config:\n    lr = 9.0\n",
        },
    ),
    "rate of an optimizer by its place": Declared(
        "from optim import SGD\nepochs = {epochs}\nwidth = {width}\nopt = SGD([1], {lr}, momentum=0.9)\n",
        ("SGD.lr", "epochs", "width"),
        ("opt.lr", "epochs", "width"),
        {"optim.py": "class SGD:\n    def __init__(self, params, lr, momentum):\n        self.lr = lr\n"},
    ),
    "variables of the function that trains": Declared(
        "def train():\n    rate_lr = {lr}\n    epochs = {epochs}\n    n_critic = {width}\n"
        "    return rate_lr, epochs, n_critic\n\n\nlr, epochs, width = train()\n",
        ("train.rate_lr", "train.epochs", "train.n_critic"),
        ("lr", "epochs", "width"),
    ),
    "environment": Declared(
        "import os\nLR = float(os.environ.get('LR', '{lr}'))\nE = int(os.getenv('EPOCHS', '{epochs}'))\n"
        "W = int(os.environ.get('WIDTH', {width}))\n",
        ("lr", "epochs", "width"),
        ("LR", "E", "W"),
    ),
}
EPOCH = "for epoch in range({epochs}):\n    loss, acc = 1 / (epoch + 2), 1 - 1 / (epoch + 2)\n"
SHOWN: dict[str, tuple[str, str, str]] = {
    "one line": (
        "    print(f'epoch {{epoch}} train loss {{2 * loss:.4f}} val loss {{loss:.4f}} val acc {{acc:.4f}}')\n",
        "val_loss",
        "minimize",
    ),
    "chosen by accuracy": (
        "    best = max(best, acc)\n    if acc >= best:\n        print('saved')\n"
        "    print('Val Loss: %.4f  Val Acc: %.4f' % (loss, acc))\n",
        "val_acc",
        "maximize",
    ),
    "of the function that tests": ("    train_epoch(loss)\n    evaluate(acc)\n", "Accuracy", "maximize"),
    "values by name": ("    show(loss=2 * loss, val_f1=acc)\n", "val_f1", "maximize"),
    "entries of a table": (
        "    log = {{'loss': 2 * loss}}\n    log.update(**{{'val_' + k: v for k, v in validate(loss).items()}})\n"
        "    for key, value in log.items():\n        print('    {{:15s}}: {{}}'.format(str(key), value))\n",
        "val_loss",
        "minimize",
    ),
}
HELPERS = """best = 0


def train_epoch(loss):
    print(f'Loss: {loss:.4f}')


def evaluate(acc):
    print(f'Accuracy: {acc:.4f}')


def show(**values):
    print(', '.join(f'{k}: {v:.4f}' for k, v in values.items()))


def validate(loss):
    result = {'loss': loss}
    return result


"""
"""What the ways of showing call; what a script does not call shows nothing."""


def script(declared: Declared, shown: str, values: dict[str, Any]) -> str:
    """The source of a script with these defaults."""
    lr, epochs, width = declared.reads
    said = f"import json\nprint('RECEIVED', json.dumps([{lr}, {epochs}, {width}]))\n"
    training = EPOCH.format(epochs=epochs) + shown.format()
    return declared.script.format(**values) + HELPERS + said + training


def new_study(declared: Declared, shown: str, values: dict[str, Any], folder: Path) -> Study:
    """The study that `hptui new` writes for a script in a folder."""
    for name, text in declared.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text.format(**values))
    (folder / "train.py").write_text(script(declared, shown, values))
    path, _ = write_study_file("train.py")
    return studyfile.read_file(path, schema=registry.schema)


def received(study: Study, changed: dict[str, Any], folder: Path) -> list[Any]:
    """What the script says that it has, when it is started with these values."""
    spec = read_command_spec({**study.trainer.settings, **changed})
    facts = dict.fromkeys(("seed", "number", "attempt", "gpu", "threads", "port", "cache", "checkpoint"), "0")
    facts |= {"trial_dir": str(folder / "out"), "study_dir": str(folder), "python": sys.executable}
    composed = compose_command(spec, facts, folder, folder / "out")
    words = [sys.executable if word == "python" else word for word in composed.words]
    environment = {**os.environ, **composed.environment}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("RECEIVED")]
    values: list[Any] = json.loads(lines[0].removeprefix("RECEIVED"))
    return values


@pytest.mark.parametrize("way", DECLARED)
def test_settings_are_listed_with_their_defaults_and_reach_the_script(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(way)
    for number, (how, (shown, metric, goal)) in enumerate(SHOWN.items()):
        values = {"lr": rng.choice([0.1, 3e-4, 0.05]), "epochs": rng.randint(3, 9), "width": rng.choice([16, 48])}
        (folder := tmp_path / str(number)).mkdir()
        monkeypatch.chdir(folder)
        study = new_study(DECLARED[way], shown, values, folder)
        names = study.trainer.settings.get("names") or {}
        listed = {names.get(key, key): value for key, value in study.trainer.settings.items()}
        given = dict(zip(DECLARED[way].names, values.values(), strict=True))
        assert {name: listed.get(name) for name in given} == given, (way, how)
        assert (study.objective.metric, study.objective.goal) == (metric, goal), (way, how)
        if number == 0:
            keys = {script_name: key for key, script_name in names.items()}
            new = dict(zip(given, (0.025, 2, 7), strict=True))
            assert received(study, {keys.get(k, k): v for k, v in new.items()}, folder) == [0.025, 2, 7], way
            assert received(study, {}, folder) == list(values.values()), way
