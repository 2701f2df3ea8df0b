"""`hptui new` on scripts of many kinds: what the study file has, without a trial being run."""

from __future__ import annotations

import ast
import json
import random
from pathlib import Path
from typing import Any

import pytest

from hptui import studyfile
from hptui.core.command_settings import COMMAND_KEYS
from hptui.core.space import Float, Int
from hptui.core.study import Study
from hptui.operations.new import write_study_file
from hptui.scripts.with_constants import with_values
from hptui.trainers import registry


def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, **files: str) -> tuple[Study, list[str]]:
    """The study that `hptui new` writes for a script, and what it says of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(source)
    for name, text in files.items():
        (tmp_path / name.replace("__", "/")).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name.replace("__", "/").replace("_yaml", ".yaml").replace("_py", ".py")).write_text(text)
    path, notes = write_study_file("train.py")
    return studyfile.read_file(path, schema=registry.schema), notes


PARSER = "import argparse\np = argparse.ArgumentParser()\n"


def test_parameters_under_names_of_our_own_keys_are_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [*COMMAND_KEYS, "kind"]
    options = "".join(f"p.add_argument('--{name}', type=int, default={n + 2})\n" for n, name in enumerate(names))
    study, notes = made(tmp_path, monkeypatch, f"{PARSER}{options}print('val_loss', 1)\n")
    assert study.trainer.settings["names"] == {f"its_{name}": name for name in names if f"its_{name}" in str(notes)}
    given = {name: study.trainer.settings[f"its_{name}"] for name in names if f"its_{name}" in study.trainer.settings}
    assert given == {name: n + 2 for n, name in enumerate(names) if name in given}
    assert len(given) >= len(names) - 2  # `workdir` and the like are given the trial's directory


@pytest.mark.parametrize(
    ("option", "kind", "low", "high"),
    [
        ("'--lr', type=float, default=20.0", Float, 2.0, 200.0),
        ("'--lr', type=float, default=1", Float, 0.1, 10.0),
        ("'--lr', default=1e-3, type=float", Float, 1e-4, 1e-2),
        ("'--temperature', type=float, default=20.0", Float, 0.1, 20.0),
        ("'--scale', type=float, default=4.0", Float, 2.0, 8.0),
        ("'--scale', type=int, default=4", Int, 2, 8),
        ("'--grad_clip', type=int, default=5", Int, 1, 50),
        ("'--warmup_steps', type=float, default=0.1", Float, 0.0, 0.2),
    ],
)
def test_a_range_has_the_type_of_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, kind: type, low: float, high: float
) -> None:
    study, _ = made(tmp_path, monkeypatch, f"{PARSER}p.add_argument({option})\nprint('val_loss', 1)\n")
    [parameter] = study.space.parameters
    assert (type(parameter), parameter.low, parameter.high) == (kind, low, high)


def test_the_config_of_another_object_is_no_config_of_wandb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = """
import wandb
run = wandb.init(config={"lr": 0.1})
cfg = run.config
model.config.hidden, self.config.depth, args.config.width
print("val_loss", cfg.lr + cfg["decay"] + wandb.config.get("gamma", 1))
"""
    study, _ = made(tmp_path, monkeypatch, source)
    text = (tmp_path / "train.toml").read_text()
    assert study.trainer.settings["style"] == "wandb"
    assert study.trainer.settings["lr"] == 0.1
    assert "decay" in text and "gamma" in text  # noqa: PT018  read without a default
    assert not any(name in text for name in ("hidden", "depth", "width"))


def test_metrics_of_tensorboard_alone_bring_the_line_that_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for directory, line in (("args.log_dir", "{trial_dir}"), ("'runs/one'", "runs/one"), ("", "runs")):
        source = (
            f"{PARSER}p.add_argument('--lr', type=float, default=0.1)\np.add_argument('--log_dir', default='runs')\n"
        )
        source += (
            f"args = p.parse_args()\nw = SummaryWriter({directory})\nw.add_scalar('Loss/val', 1, 2)\nprint('done')\n"
        )
        (tmp_path / "train.toml").unlink(missing_ok=True)
        study, _ = made(tmp_path, monkeypatch, source)
        assert (study.objective.metric, study.trainer.settings["metrics"]) == ("Loss/val", [line])


def test_a_training_loss_alone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = f"{PARSER}p.add_argument('--lr', type=float, default=0.1)\n"
    _, notes = made(tmp_path, monkeypatch, source + "print(f'step {n} loss {x:.3f}')\n")
    assert any("only a training loss was recognised (loss)" in note for note in notes)
    (tmp_path / "train.toml").unlink()
    _, notes = made(tmp_path, monkeypatch, source + "print(f'step {n} loss {x:.3f} val_acc {y:.3f}')\n")
    assert notes == []


def test_a_parser_in_another_module_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = "import argparse\ndef build():\n    p = argparse.ArgumentParser()\n"
    options += "    p.add_argument('--lr', type=float, default=0.3)\n    return p\n"
    source = "from options import build\nargs = build().parse_args()\nprint('val_loss', args.lr)\n"
    study, _ = made(tmp_path, monkeypatch, source, options_py=options)
    assert study.trainer.settings["lr"] == 0.3


def test_settings_of_a_file_are_those_of_the_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = f"import yaml\n{PARSER}p.add_argument('--config', default='conf/base.yaml')\n"
    source += "p.add_argument('--device', default='cpu')\n"
    source += "c = yaml.safe_load(open(p.parse_args().config))\nprint('val_loss', c)\n"
    study, _ = made(tmp_path, monkeypatch, source, conf__base_yaml="optim: {lr: 0.1}\nepochs: 3\n")
    settings = study.trainer.settings
    assert settings["config"] == "conf/base.yaml"
    assert settings["command"] == ["python", "train.py", "--device={device}", "--config={config}"]
    assert (settings["optim.lr"], settings["epochs"], settings["device"]) == (0.1, 3, "cpu")
    assert [parameter.name for parameter in study.space.parameters] == ["optim.lr"]


def test_a_package_is_named_by_its_module_or_its_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kit").mkdir()
    text = f"from . import x\n{PARSER}p.add_argument('--lr', type=float, default=0.1)\nprint('val_loss', 1)\n"
    (tmp_path / "kit" / "__main__.py").write_text(text)
    (tmp_path / "kit" / "fit.py").write_text(text)
    for source, module in (("kit", "kit"), ("kit.fit", "kit.fit"), ("kit/fit.py", "kit.fit")):
        path, _ = write_study_file(source, tmp_path / f"{source.replace('/', '-')}.toml")
        study = studyfile.read_file(path, schema=registry.schema)
        assert study.trainer.settings["command"] == ["python", "-m", module]


# -- constants in dictionaries and classes


def table(rng: random.Random, depth: int = 0) -> dict[str, Any]:
    """A dictionary of settings, at random."""
    values = [0.1, 3, True, "adam", -1, 1e-5]
    made = {f"k{n}": rng.choice(values) for n in range(rng.randint(2, 4))}
    if depth < 2 and rng.random() < 0.6:
        made["inner"] = table(rng, depth + 1)
    return made


def leaves(values: dict[str, Any], prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, item in values.items():
        found |= leaves(item, f"{prefix}{key}.") if isinstance(item, dict) else {prefix + key: item}
    return found


def as_call(values: dict[str, Any]) -> str:
    inner = ", ".join(
        f"{key}={as_call(item) if isinstance(item, dict) else repr(item)}" for key, item in values.items()
    )
    return f"dict({inner})"


def test_constants_in_dictionaries_and_classes_are_listed_and_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(3)
    for _ in range(25):
        first, second = table(rng), table(rng)
        flat = table(rng, 9)
        lines = [
            f"params = {first!r}",
            "def main():",
            f"    config = {as_call(second)}",
            "    return config",
            "class CFG:",
        ]
        lines += [f"    {key} = {item!r}" for key, item in flat.items()]
        source = "\n".join([*lines, "print('val_loss', 1)"]) + "\n"
        (tmp_path / "train.toml").unlink(missing_ok=True)
        study, _ = made(tmp_path, monkeypatch, source)
        constants = leaves(first, "params.") | leaves(second, "config.") | leaves(flat, "CFG.")
        listed = {name: study.trainer.settings[name] for name in constants}
        assert json.dumps(listed) == json.dumps(constants)
        changes = {name: rng.choice([0.5, 7, False, "sgd", None, [1, 2]]) for name in rng.sample(sorted(constants), 3)}
        space: dict[str, Any] = {}
        exec(compile(with_values(source.encode(), "train.py", changes), "train.py", "exec"), space)
        after = leaves(space["params"], "params.") | leaves(space["main"](), "config.")
        after |= {f"CFG.{key}": getattr(space["CFG"], key) for key in flat}
        assert after == {**constants, **changes}


def test_a_constant_that_is_not_there_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("params.nothing", "other.lr", "nothing"):
        with pytest.raises(SystemExit, match="2"):
            with_values(b"params = {'lr': 1, 'k': 2}\n", "train.py", {name: 1})
        assert f"sets no constant {name}" in capsys.readouterr().err
    assert ast.unparse(with_values(b"p = {'a.b': 1, 'c': 2}\n", "t.py", {"p.a.b": 5})) == "p = {'a.b': 5, 'c': 2}"


@pytest.mark.parametrize("name", ["ckpt_path", "save_path", "log_file", "out"])
@pytest.mark.parametrize("exists", [True, False])
def test_a_file_that_lies_beside_the_script_is_read_and_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, exists: bool
) -> None:
    """Whatever its option is called: a directory of the trial has no such file."""
    options = (
        f"p.add_argument('--lr', type=float, default=0.1)\np.add_argument('--{name}', default='base/start.ckpt')\n"
    )
    files = {"base__start.ckpt": "weights"} if exists else {}
    study, _ = made(tmp_path, monkeypatch, f"{PARSER}{options}print(f'val_loss: {{x}}')\n", **files)
    assert ("{trial_dir}" in str(study.trainer.settings)) != exists


def _with_modes(declared: str) -> str:
    flags = "p.add_argument('--do_train', action='store_true')\np.add_argument('--do_eval', action='store_true')\n"
    modes = "args = p.parse_args()\nif args.do_train:\n    pass\nif args.do_eval:\n    print(f'val_loss: {lr}')\n"
    return f"{PARSER}{flags}{declared}{modes}"


@pytest.mark.parametrize("declared", ["lr = 0.1\n", "cfg = {'lr': 0.1, 'wd': 0.2}\nlr = cfg['lr']\n"])
def test_flags_of_training_and_measuring_are_given_beside_constants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, declared: str
) -> None:
    study, _ = made(tmp_path, monkeypatch, _with_modes(declared))
    assert study.trainer.settings["style"] == "constants"
    assert study.trainer.settings["command"][-2:] == ["--do_train", "--do_eval"]


def test_flags_of_training_and_measuring_are_given_beside_a_file_of_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other flags keep the order in which they are declared."""
    others = [f"p.add_argument('--{name}', type=int, default={n + 3})\n" for n, name in enumerate("qwertyuiop")]
    declared = f"p.add_argument('--config', default='base.yaml')\n{''.join(others)}"
    reading = "import yaml\nlr = yaml.safe_load(open(p.parse_args().config))['lr']\n"
    study, _ = made(tmp_path, monkeypatch, _with_modes(declared + reading), base_yaml="lr: 0.1\nwd: 0.2\n")
    words = study.trainer.settings["command"]
    assert study.trainer.settings["config"] == "base.yaml"
    assert {"--do_train", "--do_eval"} <= set(words)
    given = [word[2] for word in words if word.startswith("--") and word[3:4] == "="]
    assert given == list("qwertyuiop")


STARTS = {
    "asks": "if os.path.exists('models/a.txt'):\n    answer = input('Use it? ')\n",
    "goes on": "if os.path.isfile('models/a.pt'):\n    print('resumed')\n",
    "goes on from a name": "CKPT = 'models/a.pt'\nif os.path.exists(CKPT):\n    print('resumed')\n",
    "reads data": "if os.path.exists('models/a.pt'):\n    print('resumed')\nrows = open('rows.csv').read()\n",
    "reads a folder": "if os.path.exists('models/a.pt'):\n    print('resumed')\nprint(os.listdir('images'))\n",
    "neither": "os.makedirs('models', exist_ok=True)\n",
}


@pytest.mark.parametrize("way", STARTS)
def test_trials_that_would_find_the_files_of_another_start_in_a_place_of_their_own(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("1,2\n")
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_text("x")
    (tmp_path / "train.py").write_text(f"import os\nLR = 0.1\n{STARTS[way]}print(f'val_loss: {{LR}}')\n")
    path, notes = write_study_file("train.py")
    settings = studyfile.read_file(path, schema=registry.schema).trainer.settings
    own = way != "neither"
    assert (settings.get("workdir") == "{trial_dir}") is own, notes
    assert settings["command"] == ["python", "{study_dir}/train.py" if own else "train.py"]
    assert any("directory of its own" in note for note in notes) is own
