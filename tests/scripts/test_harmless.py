"""Which scripts `check` may ask with `--help`: those that read it before they do anything, as far as their source shows."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from hptui.scripts.harmless import reads_help_first
from hptui.scripts.preflight import preflight

PARSER = "p = argparse.ArgumentParser()\np.add_argument('--lr', type=float)\n"
ACT = "open('ran', 'w').close()\n"
ASKED = {
    "argparse at the top": f"import argparse\n{PARSER}a = p.parse_args()\n{ACT}",
    "behind a guard": f"import argparse\ndef main():\n    p = argparse.ArgumentParser()\n    p.add_argument('--lr')\n    a = p.parse_args()\n    {ACT}if __name__ == '__main__':\n    main()\n",
    "in a function of its own": f"import argparse\ndef get():\n    p = argparse.ArgumentParser()\n    for n in ('lr', 'x'):\n        p.add_argument('--' + n)\n    return p.parse_args()\nargs = get()\n{ACT}",
    "constants, loggers, seeds": f"import argparse, logging, os, warnings, random\nLR = 3 * 2\nlog = logging.getLogger(__name__)\nlogging.basicConfig(level=10)\nwarnings.filterwarnings('ignore')\nrandom.seed(1)\nos.environ['X'] = '1'\ntry:\n    import json\nexcept ImportError:\n    json = None\n{PARSER}a = p.parse_args()\n{ACT}",
    "click": f"import click\n@click.command()\n@click.option('--lr')\ndef main(lr):\n    {ACT}if __name__ == '__main__':\n    main()\n",
    "typer": f"import typer\napp = typer.Typer()\n@app.command()\ndef main(lr: float = 1.0):\n    {ACT}if __name__ == '__main__':\n    app()\n",
    "fire": f"import fire\ndef main(lr=1):\n    {ACT}fire.Fire(main)\n",
    "absl": f"from absl import app, flags\nflags.DEFINE_float('lr', 0.1, 'rate')\ndef main(argv):\n    {ACT}if __name__ == '__main__':\n    app.run(main)\n",
    "tyro": f"import tyro\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    lr: float = 1.0\na = tyro.cli(A)\n{ACT}",
}  # fmt: skip
NOT_ASKED = {
    "acts before": f"import argparse\n{ACT}{PARSER}a = p.parse_args()\n",
    "acts in a function before": f"import argparse\ndef prepare():\n    {ACT}prepare()\n{PARSER}a = p.parse_args()\n",
    "acts in the function that parses": f"import argparse\ndef main():\n    {ACT}    p = argparse.ArgumentParser()\n    p.add_argument('--lr')\n    p.parse_args()\nmain()\n",
    "downloads": f"import argparse, requests\nx = requests.get('http://nowhere')\n{PARSER}a = p.parse_args()\n{ACT}",
    "starts a process": f"import argparse, subprocess\nsubprocess.run(['touch', 'ran'])\n{PARSER}a = p.parse_args()\n",
    "makes a directory": f"import argparse, os\nos.makedirs('ran')\n{PARSER}a = p.parse_args()\n",
    "parses in one way only": f"import argparse, sys\n{PARSER}if len(sys.argv) > 5:\n    a = p.parse_args()\n{ACT}",
    "has no help": f"import argparse\np = argparse.ArgumentParser(add_help=False)\np.add_argument('--lr')\na, _ = p.parse_known_args()\n{ACT}",
    "a default that acts": f"import argparse\ndef f(x=open('ran', 'w')): ...\n{PARSER}a = p.parse_args()\n",
    "an object that acts": f"import fire\nclass T:\n    def __init__(self, lr=1):\n        {ACT}    def train(self): ...\nfire.Fire(T)\n",
    "flask": f"import flask\napp = flask.Flask('x')\napp.run()\n{ACT}",
    "wandb": f"import wandb, argparse\nwandb.init()\n{PARSER}a = p.parse_args()\n",
    "never parses": f"lr = 0.1\n{ACT}",
    "no Python": "def (",
}  # fmt: skip
# ruff: noqa: E501  (a script a line)


@pytest.mark.parametrize("name", [*ASKED, *NOT_ASKED])
def test_only_a_script_that_reads_help_first_is_asked(tmp_path: Path, name: str) -> None:
    path = tmp_path / "train.py"
    path.write_text(textwrap.dedent({**ASKED, **NOT_ASKED}[name]))
    assert reads_help_first(path) is (name in ASKED)


SHELL = 'touch ran\nexec python train.py "$@"\n'
PROGRAMS = {
    "a shell script": ["bash", "run.sh"],
    "a shell script by its name": ["./run.sh"],
    "a console program": ["./train-tool"],
    "a script that acts first": [sys.executable, "acts.py"],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_check_starts_nothing_that_acts(tmp_path: Path, name: str) -> None:
    for file, text in {
        "run.sh": f"#!/bin/bash\n{SHELL}",
        "train-tool": f"#!/bin/bash\n{SHELL}",
        "acts.py": NOT_ASKED["acts before"],
        "train.py": ASKED["argparse at the top"],
    }.items():
        (tmp_path / file).write_text(text)
        (tmp_path / file).chmod(0o755)
    said = preflight({"command": PROGRAMS[name], "lr": 0.1}, str(tmp_path)).warnings
    assert not (tmp_path / "ran").exists()
    assert said == []
    misspelt = preflight({"command": PROGRAMS[name], "lrr": 0.1}, str(tmp_path)).warnings
    source = PROGRAMS[name][-1] == "acts.py"
    assert any("the script's source shows no '--lrr'; did you mean '--lr'" in text for text in misspelt) is source
    assert not (tmp_path / "ran").exists()


def test_a_program_is_asked_where_the_study_says_how(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("#!/bin/bash\ntouch ran\necho '  --rate R   the rate'\n")
    (tmp_path / "tool").chmod(0o755)
    [said] = preflight({"command": ["./tool"], "help": ["--help"], "lr": 0.1}, str(tmp_path)).warnings
    assert "the script knows no '--lr'" in said
    assert (tmp_path / "ran").exists()


SUBCOMMANDS = """
import click
@click.group()
def cli(): ...
@cli.command()
@click.option("--lr", type=float)
def train(lr): ...
@cli.command()
@click.option("--beam", type=int)
@click.option("--fast", is_flag=True, default=True)
def decode(beam, fast): ...
if __name__ == "__main__":
    cli()
"""


def test_the_subcommand_of_the_study_is_asked(tmp_path: Path) -> None:
    (tmp_path / "cli.py").write_text(SUBCOMMANDS)

    def said(command: str, **parameters: object) -> list[str]:
        return preflight(
            {"command": [sys.executable, "cli.py", command], "style": "click", **parameters}, str(tmp_path)
        ).warnings  # type: ignore[arg-type]

    assert said("train", lr=0.1) == []
    assert said("decode", beam=3) == []
    assert "the script knows no '--beam'" in said("train", beam=3)[0]
    assert "the script knows no '--lr'" in said("decode", lr=0.1)[0]


CONFIGURATOR = """
import os, wandb
learning_rate = 6e-4
wandb_log = False
config_keys = [k for k, v in globals().items() if isinstance(v, (int, float, bool, str))]
exec(open('configurator.py').read())
config = {k: globals()[k] for k in config_keys}
if wandb_log:
    import wandb
    wandb.init(project="x", config=config)
model = object()
print(model.config.block_size if hasattr(model, "config") else "loss 1")
"""


def test_a_configurator_script_is_not_taken_for_one_that_reads_wandb_config(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(CONFIGURATOR)
    given = {"command": [sys.executable, "train.py"], "style": "exact", "learning_rate": 1e-3, "wandb_log": True}
    assert preflight(given, str(tmp_path)).warnings == []
    [said] = preflight({**given, "learning_rat": 1e-3}, str(tmp_path)).warnings
    assert "knows no '--learning_rat'; did you mean '--learning_rate'" in said
