"""A look at scripts: what each kind of parser takes, read from the source and never run."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from hptui.core.errors import UserError
from hptui.scripts.inspect import FormKind, ScriptOption, inspect_script, inspect_shell_script
from hptui.scripts.inspect.ranges import typical_range


def seen(tmp_path: Path, source: str):
    path = tmp_path / "train.py"
    path.write_text(textwrap.dedent(source))
    return inspect_script(path)


def option(found, name):
    return next(one for one in found.options if one.name == name)


def test_argparse(tmp_path):
    found = seen(
        tmp_path,
        """
        import argparse
        WIDTH = 64 * 4
        parser = argparse.ArgumentParser()
        group = parser.add_argument_group("model")
        parser.add_argument("data", help="where")
        group.add_argument("--learning-rate", "-l", type=float, default=3, help="peak  rate")
        group.add_argument("--model-dim", type=int, default=WIDTH)
        group.add_argument("--opt", choices=["adam", "sgd"], default="adam")
        group.add_argument("--fp16", action="store_true")
        group.add_argument("--targets", nargs="+", default=["q", "v"])
        group.add_argument("--later", default=make())
        group.add_argument("--version", action="version")
        print("epoch", 3, "train_loss:", 1, "val_loss:", 2)
        """,
    )
    assert (found.parser, found.style) == ("argparse", {"preset": "argparse", "names": "dash"})
    assert [one.name for one in found.options] == [
        "data", "learning_rate", "model_dim", "opt", "fp16", "targets", "later",
    ]  # fmt: skip
    assert option(found, "data").positional
    rate = option(found, "learning_rate")
    assert (rate.flag, rate.type, rate.default, rate.help) == ("learning-rate", "float", 3.0, "peak rate")
    assert option(found, "model_dim").default == 256
    assert option(found, "opt").choices == ("adam", "sgd")
    assert (option(found, "fp16").type, option(found, "fp16").default) == ("bool", False)
    assert option(found, "targets").default == ["q", "v"]
    assert option(found, "later").default is None
    assert found.metrics == ["val_loss", "train_loss"]


def test_argparse_with_flags_that_can_be_denied_and_mixed_spelling(tmp_path):
    found = seen(
        tmp_path,
        """
        from argparse import ArgumentParser, BooleanOptionalAction
        p = ArgumentParser()
        p.add_argument("--use-cache", action=BooleanOptionalAction, default=True)
        p.add_argument("--batch_size", type=int, default=8)
        """,
    )
    assert found.style == "argparse"
    assert option(found, "use_cache").default is True
    assert option(found, "use_cache").form.describe() == "--x/--no-x"
    assert found.settings["names"] == {"use_cache": "use-cache"}


def test_click(tmp_path):
    found = seen(
        tmp_path,
        """
        import click
        @click.command()
        @click.option("--lr", default=1e-3, help="rate")
        @click.option("--shuffle/--no-shuffle", default=True)
        @click.option("--kind", type=click.Choice(["a", "b"]), default="a")
        @click.option("--layers", type=click.IntRange(1, 8), default=2)
        def main(**settings): ...
        """,
    )
    assert (found.parser, found.style) == ("click", "click")
    assert [(one.name, one.type, one.default) for one in found.options] == [
        ("lr", "float", 1e-3),
        ("shuffle", "bool", True),
        ("kind", "str", "a"),
        ("layers", "int", 2),
    ]


def test_dataclasses_behind_hfargumentparser(tmp_path):
    found = seen(
        tmp_path,
        """
        from dataclasses import dataclass, field
        from typing import Literal, Optional
        from transformers import HfArgumentParser, Trainer, TrainingArguments
        @dataclass
        class ModelArguments:
            model: str = field(metadata={"help": "a path"})
            lora_r: int = field(default=8, metadata={"help": "rank"})
            dropout: Optional[float] = 0.1
            act: Literal["gelu", "silu"] = "gelu"
        @dataclass
        class Unused:
            other: int = 1
        parser = HfArgumentParser((ModelArguments, TrainingArguments))
        Trainer(args=parser.parse_args_into_dataclasses()[1], eval_dataset=data).train()
        """,
    )
    assert (found.parser, found.style) == ("HfArgumentParser", "hf")
    assert option(found, "model").required
    assert option(found, "lora_r") == ScriptOption("lora_r", "lora_r", "int", 8, help="rank")
    assert option(found, "act").choices == ("gelu", "silu")
    assert option(found, "learning_rate").default == 5e-5
    assert "other" not in [one.name for one in found.options]
    assert found.metrics[0] == "eval_loss"


def test_fire(tmp_path):
    found = seen(tmp_path, "import fire\ndef main(lr: float = 1, *, width=64, name='x'): ...\nfire.Fire(main)\n")
    assert (found.parser, found.style) == ("fire", "fire")
    assert [(one.name, one.type, one.default) for one in found.options] == [
        ("lr", "float", 1.0),
        ("width", "int", 64),
        ("name", "str", "x"),
    ]


def test_hydra_reads_its_configuration(tmp_path):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "base.yaml").write_text("defaults: [a]\nlr: 0.1\noptim: {name: adam, betas: [0.9, 0.99]}\n")
    found = seen(
        tmp_path,
        "import hydra\n@hydra.main(version_base=None, config_path='conf', config_name='base')\ndef main(cfg): ...\n",
    )
    assert found.style == "hydra"
    assert [(one.name, one.default) for one in found.options] == [
        ("lr", 0.1),
        ("optim.name", "adam"),
        ("optim.betas", [0.9, 0.99]),
    ]


def test_hydra_puts_the_groups_of_the_defaults_list_together(tmp_path):
    for name, text in {
        "config": "defaults: [{model: small}, {optimizer: adam}, _self_]\nout: ${hydra:x}\nsteps: 3\ndata: ???\n",
        "model/small": "dim: 64\n",
        "model/big": "dim: 256\n",
        "optimizer/adam": "lr: 1e-3\n",
    }.items():
        (tmp_path / f"conf/{name}.yaml").parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"conf/{name}.yaml").write_text(text)
    found = seen(tmp_path, "import hydra\n@hydra.main(config_path='conf', config_name='config')\ndef main(c): ...\n")
    group = option(found, "model")
    assert (group.default, group.choices) == ("small", ("big", "small"))
    assert option(found, "optimizer.lr").default == 1e-3
    assert option(found, "steps").default == 3
    assert option(found, "model.dim").default is None  # fixed, it would hold for the other model, too
    assert option(found, "out").default is None
    assert option(found, "data").required


def test_a_hydra_configuration_that_is_not_there_is_said(tmp_path):
    found = seen(tmp_path, "import hydra\n@hydra.main(config_path='conf', config_name='base')\ndef main(cfg): ...\n")
    assert found.options == []
    assert "cannot be read" in found.notes[0]


def test_the_environment(tmp_path):
    found = seen(
        tmp_path,
        "import os\nlr = float(os.environ.get('LR', '1e-3'))\nn = int(os.getenv('N', 4))\nk = os.getenv('API_KEY')\n",
    )
    assert found.settings["env"] == {"LR": "{lr}", "N": "{n}"}
    assert [(one.name, one.default) for one in found.options] == [("lr", 1e-3), ("n", 4)]


def test_wandb_config(tmp_path):
    found = seen(
        tmp_path, "import wandb\nwandb.init(config={'lr': 1e-3})\nx = wandb.config.depth\nwandb.log({'acc': x})\n"
    )
    assert found.style == "wandb"
    assert {one.name: one.default for one in found.options} == {"depth": None, "lr": 1e-3}
    assert found.metrics == ["acc"]


def test_a_configurator_lets_constants_be_set(tmp_path):
    found = seen(tmp_path, "learning_rate = 6e-4\nn_layer = 12\nexec(open('configurator.py').read())\n")
    assert (found.parser, found.style) == ("configurator", "exact")
    assert [one.name for one in found.options] == ["learning_rate", "n_layer"]


def test_constants_at_the_top_are_parameters(tmp_path):
    found = seen(tmp_path, "learning_rate = 1e-3\nNAME, _x = 'a', 2\nprint('loss', 1)\n")
    assert (found.parser, found.style) == ("constants", "constants")
    assert [(one.name, one.default) for one in found.options] == [("learning_rate", 1e-3), ("NAME", "a")]


@pytest.mark.parametrize(
    ("line", "by"),
    [
        ("from options import get_parser\na = get_parser().parse_args()", "get_parser()"),
        ("from absl import flags", "absl"),
    ],
)
def test_constants_beside_a_command_line_from_elsewhere_are_left_alone(tmp_path, line, by):
    found = seen(tmp_path, f"{line}\nLR = 0.1\n")
    assert (found.parser, found.options) == ("", [])
    assert f"read by {by}" in found.notes[0]


def test_flags_of_two_kinds_are_told_apart(tmp_path):
    clicks = """
        import click
        @click.command()
        @click.option("--norm/--no-norm", default=True)
        @click.option("--compile", is_flag=True)
        def main(norm, compile): ...
        """
    found = seen(tmp_path, clicks)
    assert (found.style, [one.form.kind for one in found.options]) == ("click", [FormKind.ON_OFF, FormKind.FLAG])
    parsed = """
        import argparse
        p = argparse.ArgumentParser()
        p.add_argument("--amp", action="store_true")
        p.add_argument("--use-ema", action=argparse.BooleanOptionalAction, default=True)
        """
    found = seen(tmp_path, parsed)
    assert found.style == {"preset": "argparse", "names": "dash"}
    assert [one.form.kind for one in found.options] == [FormKind.FLAG, FormKind.ON_OFF]


SUBPARSERS = """
import argparse
p = argparse.ArgumentParser()
p.add_argument("--log-level", default="info")
subs = p.add_subparsers(dest="cmd", required=True)
s = subs.add_parser("eval")
s.add_argument("--ckpt", required=True)
s = subs.add_parser("train")
g = s.add_argument_group("model")
g.add_argument("--lr", type=float, default=0.1)
"""
GROUP = """
import click
@click.group()
@click.option("--log-level", default="info")
def cli(log_level): ...
@cli.command("eval")
@click.option("--ckpt", required=True)
def ev(ckpt): ...
@cli.command()
@click.option("--lr", type=float, default=0.1)
def train(lr): ...
"""
TYPER = """
import typer
app = typer.Typer()
@app.command()
def evaluate(ckpt: str): ...
@app.command()
def train(data: str, lr: float = typer.Option(0.1, "--lr", help="rate")): ...
"""
FIRE = """
import fire
class Trainer:
    def __init__(self, lr=0.1): ...
    def evaluate(self): ...
    def train(self, epochs=3): ...
fire.Fire(Trainer)
"""


@pytest.mark.parametrize(
    ("source", "names", "before"),
    [
        (SUBPARSERS, ["log_level", "lr"], ["log_level"]),
        (GROUP, ["log_level", "lr"], ["log_level"]),
        (TYPER, ["data", "lr"], []),
        (FIRE, ["lr", "epochs"], []),
        (
            FIRE.replace("Fire(Trainer)", "Fire({'evaluate': ev, 'train': t})") + "def t(lr=1): ...\ndef ev(): ...",
            ["lr"],
            [],
        ),
    ],
    ids=["argparse", "click", "typer", "fire", "fire of a table"],
)
def test_of_several_subcommands_the_one_that_trains_is_taken(tmp_path, source, names, before):
    found = seen(tmp_path, source)
    assert found.words == ["train"]
    assert [one.name for one in found.options] == names
    assert [one.name for one in found.options if one.before] == before
    assert "`train` was taken" in found.notes[0]


@pytest.mark.parametrize("own", ["typer.Context", "click.Context", "Context", "'typer.Context'", "CallbackParam"])
@pytest.mark.parametrize("start", ["typer.run(train)", "app()"])
def test_what_typer_fills_itself_is_no_parameter(tmp_path, own, start):
    file = tmp_path / "train.py"
    head = "import typer\n" + ("app = typer.Typer()\n@app.command()\n" if start == "app()" else "")
    file.write_text(f"{head}def train(given: {own}, data: str, lr: float = 0.1): ...\n{start}\n")
    assert [option.name for option in inspect_script(file).options] == ["data", "lr"]


def test_what_typer_demands_has_a_place_of_its_own(tmp_path):
    data = option(seen(tmp_path, TYPER), "data")
    assert (data.positional, data.required) == (True, True)


def test_words_in_their_places(tmp_path):
    found = seen(tmp_path, "import sys\nlr, width = float(sys.argv[1]), int(sys.argv[2])\nname = sys.argv[3]\n")
    assert (found.parser, found.style) == ("sys.argv", "none")
    assert [(one.name, one.type, one.positional) for one in found.options] == [
        ("lr", "float", True), ("width", "int", True), ("name", "str", True),
    ]  # fmt: skip


def test_what_the_environment_must_hold_and_what_is_secret(tmp_path):
    source = (
        "import os\nlr = float(os.environ['LR'])\ntoken = os.environ['API_TOKEN']\nrank = int(os.environ['RANK'])\n"
    )
    found = seen(tmp_path, source)
    assert [(one.name, one.type, one.required) for one in found.options] == [("lr", "float", True)]
    assert found.settings["env"] == {"LR": "{lr}"}


def test_a_name_for_wandb_config_is_followed(tmp_path):
    source = "import wandb\nwith wandb.init() as run:\n    c = run.config\n    print(c.lr * c['width'])\n"
    found = seen(tmp_path, source)
    assert (found.parser, [one.name for one in found.options]) == ("wandb", ["lr", "width"])


@pytest.mark.parametrize(
    ("line", "metric"),
    [
        ('log.info("epoch %d: train loss %.4f, val loss %.4f", e, a, b)', "val_loss"),
        ('click.echo(f"[step {s}] loss={x:.3f}")', "loss"),
        ("bar.set_postfix(val_acc=x)", "val_acc"),
        ('history.append({"epoch": 1, "val_loss": 0.1})', None),  # nothing that hptui reads
        ('log.info("Loading the loss function")', None),
    ],
)
def test_metrics_are_recognised_however_they_are_said(tmp_path, line, metric):
    assert next(iter(seen(tmp_path, line).metrics), None) == metric


def test_help_texts_say_nothing_that_argparse_would_fill_in(tmp_path):
    source = """
        import argparse
        p = argparse.ArgumentParser()
        p.add_argument("--lr", type=float, default=1, help="the rate (default: %(default)s), 5%% of it")
        """
    assert option(seen(tmp_path, source), "lr").help == "the rate, 5% of it"


def test_a_script_is_never_run(tmp_path):
    seen(tmp_path, f"open({str(tmp_path / 'ran')!r}, 'w')\nimport argparse\nraise SystemExit(3)\n")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("source", ["def broken(:\n", "\x00", "(" * 5000])
def test_what_is_no_python_is_said(tmp_path, source):
    with pytest.raises(UserError, match="is not Python"):
        seen(tmp_path, source)


def test_bytes_that_are_no_text_are_said(tmp_path):
    (tmp_path / "train.py").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not UTF-8"):
        inspect_script(tmp_path / "train.py")


@pytest.mark.parametrize(
    ("one", "entry"),
    [
        (ScriptOption("lr", type="float", default=3e-4), "3e-5..3e-3 log"),
        (ScriptOption("learning_rate", type="float"), "1e-5..0.01 log"),
        (ScriptOption("batch_size", type="int", default=32), {"choices": [8, 16, 32, 64]}),
        (ScriptOption("optim.weight_decay", type="float", default=0.01), "1e-3..0.1 log"),
        (ScriptOption("dropout", type="float", default=0.1), "0.0..0.3"),
        (ScriptOption("num_layers", type="int", default=6), "3..12 int"),
        (ScriptOption("opt", type="str", choices=("a", "b")), {"choices": ["a", "b"]}),
        (ScriptOption("use_bias", type="bool", default=True), {"choices": [False, True]}),
        (ScriptOption("strange", type="int", default=10), "5..20 int"),
        (ScriptOption("param.eta", type="float", default=0.1), "0.01..1.0 log"),
        (ScriptOption("alpha", type="float", default=1e-4), "1e-5..1e-3 log"),
        (ScriptOption("alpha", type="float", default=16.0), {"choices": [4.0, 8.0, 16.0, 32.0]}),
        (ScriptOption("gae_lambda", type="float", default=0.95), "0.8..0.999"),
        (ScriptOption("keep_fraction", type="float", default=0.75), "0.38..1.0"),
        (ScriptOption("alpha", type="float", help="the starting learning rate"), "1e-5..0.01 log"),
        (ScriptOption("eta", type="float", default=0.5, help="Learning rate of the discriminator"), "0.05..1.0 log"),
        (ScriptOption("gamma", type="float", default=0.7, help="Learning rate step gamma"), "0.7..0.999"),
        (ScriptOption("cut", type="float", default=4.0, help="learning rate decay: by how much"), "2.0..8.0"),
    ],
)
def test_usual_names_have_usual_ranges_around_their_default(one, entry):
    assert typical_range(one)[0] == entry


@pytest.mark.parametrize(
    "name",
    [
        "seed",
        "output_dir",
        "epochs",
        "log_every",
        "num_workers",
        "data_path",
        "max_steps",
        "num_class",
        "nthread",
        "local_rank",
        "eval_freq",
        "print_freq",
        "n_jobs",
    ],
)
def test_what_nobody_searches_is_left_out(name):
    assert typical_range(ScriptOption(name, type="int", default=3)) is None


@pytest.mark.parametrize(
    "name", ["cuda", "use_cuda", "track", "capture_video", "render", "push_to_hub", "upload_model"]
)
def test_flags_that_change_no_model_are_left_out(name):
    assert typical_range(ScriptOption(name, type="bool", default=False)) is None


def test_a_shell_script_is_looked_at(tmp_path):
    path = tmp_path / "train.sh"
    path.write_text('#!/bin/bash\nLR=$1; BS=${2:-8}\npython train.py --lr "$LR"\n')
    found = inspect_shell_script(path)
    assert [(one.name, one.default, one.required) for one in found.options] == [("lr", None, True), ("bs", 8, False)]
    path.write_text('LR=${LR:-1e-3}\n: "${WIDTH:=64}"\nexport HF_HOME=${HF_HOME:-/tmp}\n')
    found = inspect_shell_script(path)
    assert [(one.name, one.default) for one in found.options] == [("lr", 1e-3), ("width", 64)]
    assert found.settings["env"] == {"LR": "{lr}", "WIDTH": "{width}"}
