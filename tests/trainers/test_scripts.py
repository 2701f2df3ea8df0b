"""A look at scripts: what each kind of parser takes, read from the source and never run."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from hptui.model.errors import UserError
from hptui.trainers.scripts import Option, look
from hptui.trainers.scripts.usual import usual


def seen(tmp_path: Path, source: str):
    path = tmp_path / "train.py"
    path.write_text(textwrap.dedent(source))
    return look(path)


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
    assert found.style == {"preset": "argparse", "booleans": "no"}
    assert option(found, "use_cache").default is True
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
        Trainer(args=parser.parse_args_into_dataclasses()[1]).train()
        """,
    )
    assert (found.parser, found.style) == ("HfArgumentParser", "hf")
    assert option(found, "model").required
    assert option(found, "lora_r") == Option("lora_r", "lora_r", "int", 8, help="rank")
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


def test_bare_constants_cannot_be_set_from_outside(tmp_path):
    found = seen(tmp_path, "learning_rate = 1e-3\nprint('loss', 1)\n")
    assert found.parser == ""
    assert found.options == []
    assert found.constants == {"learning_rate": 1e-3}


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
        look(tmp_path / "train.py")


@pytest.mark.parametrize(
    ("one", "entry"),
    [
        (Option("lr", type="float", default=3e-4), "3e-5..3e-3 log"),
        (Option("learning_rate", type="float"), "1e-5..0.01 log"),
        (Option("batch_size", type="int", default=32), {"choices": [8, 16, 32, 64]}),
        (Option("optim.weight_decay", type="float", default=0.01), "1e-3..0.1 log"),
        (Option("dropout", type="float", default=0.1), "0.0..0.3"),
        (Option("num_layers", type="int", default=6), "3..12 int"),
        (Option("opt", type="str", choices=("a", "b")), {"choices": ["a", "b"]}),
        (Option("use_bias", type="bool", default=True), {"choices": [False, True]}),
        (Option("strange", type="int", default=10), "5..20 int"),
    ],
)
def test_usual_names_have_usual_ranges_around_their_default(one, entry):
    assert usual(one)[0] == entry


@pytest.mark.parametrize("name", ["seed", "output_dir", "epochs", "log_every", "num_workers", "data_path", "max_steps"])
def test_what_nobody_searches_is_left_out(name):
    assert usual(Option(name, type="int", default=3)) is None
