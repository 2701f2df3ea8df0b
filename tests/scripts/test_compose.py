"""From parameters to what is started: words, variables, files; and what is refused."""

from __future__ import annotations

import ast
import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from hptui.core.command_settings import COMMAND_KEYS, script_names, script_parameters
from hptui.core.errors import UserError
from hptui.scripts import resume
from hptui.scripts.arguments import ComposedCommand, compose_command
from hptui.scripts.program import is_python, program_path, resolve_programs, script_of, why_tap_is_hidden
from hptui.scripts.settings import CommandSettings, read_command_spec
from hptui.scripts.with_constants import with_values
from hptui.trainers.failures import Failure

FACTS = {"trial_dir": "/t", "number": "7", "seed": "3", "gpu": "", "checkpoint": "/t/c-1"}


def composed(folder: Path, command: list[str], **settings: Any) -> ComposedCommand:
    return compose_command(read_command_spec({"command": command, **settings}), FACTS, folder, folder / "out")


def test_what_is_placed_by_hand_is_not_said_again(tmp_path: Path) -> None:
    made = composed(tmp_path, ["train", "--lr", "{lr}", "{trial_dir}/x-{number}", "{{raw}}"], lr=1e-05, width=8)
    assert made.words == ["train", "--lr", "1e-05", "/t/x-7", "{raw}", "--width=8"]


@pytest.mark.parametrize(
    ("style", "said"),
    [
        ("argparse", ["--no-ema"]),
        ({"booleans": "no"}, ["--no-ema"]),
        ({"booleans": {"amp": "no"}}, ["--no-ema", "--no-amp"]),
        ("hf", ["--no-ema"]),
        ({"booleans": "True"}, ["--no-ema"]),
    ],
)
def test_a_false_flag_reaches_a_script_whose_default_is_true(tmp_path: Path, style: Any, said: list[str]) -> None:
    (tmp_path / "t.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('--ema', action=argparse.BooleanOptionalAction, default=True)\n"
        "p.add_argument('--amp', action='store_true')\n"
    )
    assert composed(tmp_path, ["python", "t.py"], style=style, ema=False, amp=False).words == ["python", "t.py", *said]


def test_what_is_searched_inside_a_table_is_said_once(tmp_path: Path) -> None:
    parameters = {"optimizer": {"lr": 0.1, "beta": 0.5}, "optimizer.lr": 0.2}
    made = composed(tmp_path, ["run"], **parameters)
    assert made.words == ["run", "--optimizer.lr=0.2", "--optimizer.beta=0.5"]
    [text] = composed(tmp_path, ["run"], style="wandb", **parameters).files.values()
    assert yaml.safe_load(text) == {"optimizer": {"value": {"lr": 0.2, "beta": 0.5}}}
    assert parameters["optimizer"] == {"lr": 0.1, "beta": 0.5}


def test_a_parameter_is_meant_before_a_fact_of_the_same_name(tmp_path: Path) -> None:
    assert composed(tmp_path, ["train", "{seed}", "{number}"], seed=9).words == ["train", "9", "7"]


@pytest.mark.parametrize(
    ("style", "said"),
    [("argparse", []), ("exact", ["--x=None"]), ("hydra", ["x=null"]), ("fire", ["--x=None"]), ("click", [])],
)
def test_what_is_null_is_said_where_a_script_can_take_it(tmp_path: Path, style: str, said: list[str]) -> None:
    assert composed(tmp_path, ["run"], style=style, x=None).words == ["run", *said]


def test_arguments_stand_where_they_are_wanted(tmp_path: Path) -> None:
    assert composed(tmp_path, ["run", "{args}", "--", "x"], lr=1.0).words == ["run", "--lr=1.0", "--", "x"]


def test_json_in_a_command_is_no_placeholder(tmp_path: Path) -> None:
    assert composed(tmp_path, ["run", '{"lr": 1}']).words == ["run", '{"lr": 1}']


def test_names_are_the_scripts_own(tmp_path: Path) -> None:
    made = composed(
        tmp_path, ["run"], names={"lora_rank": "lora_r", "its_config": "config"}, lora_rank=8, its_config="a.yaml"
    )
    assert made.words == ["run", "--lora_r=8", "--config=a.yaml"]


def test_the_environment_is_filled_or_made(tmp_path: Path) -> None:
    made = composed(tmp_path, ["run"], env={"LR": "{lr}", "HOME_OF": "{trial_dir}"}, lr=1e-05)
    assert (made.words, made.environment) == (["run"], {"LR": "1e-05", "HOME_OF": "/t"})
    made = composed(tmp_path, ["run"], style="env", lr=1.0, **{"model.dim": 8, "amp": True})
    assert made.environment == {"LR": "1.0", "MODEL_DIM": "8", "AMP": "True"}


@pytest.mark.parametrize(
    ("name", "text", "parse"),
    [
        ("base.yaml", "training: {lr: 0.5, layers: [1, 2]}\nkeep: me\n", yaml.safe_load),
        ("base.json", '{"training": {"lr": 0.5, "layers": [1, 2]}, "keep": "me"}', json.loads),
        ("base.toml", 'keep = "me"  # a comment\n[training]\nlr = 0.5\nlayers = [1, 2]\n', tomllib.loads),
    ],
)
def test_a_base_file_gets_the_parameters_by_dotted_path(tmp_path: Path, name: str, text: str, parse: Any) -> None:
    (tmp_path / name).write_text(text)
    parameters = {"training.lr": 1e-05, "training.layers.1": 9, "new.deep.amp": True}
    made = composed(tmp_path, ["run", "{config}"], config=name, **parameters)
    [(path, written)] = made.files.items()
    assert made.words == ["run", str(path)]
    assert path == tmp_path / "out" / name
    assert parse(written) == {
        "training": {"lr": 1e-05, "layers": [1, 9]},
        "keep": "me",
        "new": {"deep": {"amp": True}},
    }
    assert ("# a comment" in written) == (name == "base.toml")
    assert (tmp_path / name).read_text() == text


def test_a_file_may_begin_from_nothing(tmp_path: Path) -> None:
    made = composed(tmp_path, ["run", "--config={config}"], config="json", lr=1.0)
    [(path, written)] = made.files.items()
    assert (made.words[1], json.loads(written)) == (f"--config={path}", {"lr": 1.0})


@pytest.mark.parametrize(
    ("config", "parameters", "said"),
    [
        ("absent.yaml", {}, "cannot be read"),
        ("bad.yaml", {}, "is not YAML"),
        ("list.yaml", {}, "holds no table"),
        ("good.yaml", {"a.b": 1}, "leads into"),
        ({"base": "good.yaml", "name": "../x"}, {}, "no plain file name"),
        ({"bases": "good.yaml"}, {}, "did you mean 'base'"),
    ],
)
def test_a_base_file_that_will_not_do_is_refused(tmp_path: Path, config: Any, parameters: Any, said: str) -> None:
    for name, text in (("bad.yaml", "a: [1"), ("list.yaml", "- 1"), ("good.yaml", "a: 1")):
        (tmp_path / name).write_text(text)
    with pytest.raises(UserError) as error:
        composed(tmp_path, ["run", "{config}"], config=config, **parameters)
    assert said in str(error.value)


def test_the_newest_checkpoint_is_that_of_the_highest_step(tmp_path: Path) -> None:
    for step in (9, 100, 20):
        (tmp_path / f"checkpoint-{step}").mkdir()
    newest = resume.newest_checkpoint(str(tmp_path / "checkpoint-*"))
    assert newest == tmp_path / "checkpoint-100"
    assert resume.step_of(newest) == 100
    (newest / "trainer_state.json").write_text('{"global_step": 99}')
    assert resume.step_of(newest) == 99
    assert resume.newest_checkpoint(str(tmp_path / "none-*")) is None
    own = read_command_spec(
        {"command": ["x"], "resume_flag": "--resume-from {checkpoint}", "checkpoint": "c*"}
    ).settings
    assert resume.resume_words(own, lambda text, _: text.format(checkpoint="/a b")) == ["--resume-from", "/a b"]


def test_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "bin" / "tool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o700)
    monkeypatch.setenv("PATH", str(tool.parent), prepend=":")
    assert resolve_programs(["tool", "./local", "absent-program"]) == {"tool": str(tool)}
    assert program_path("tool", {"tool": str(tool)}, tmp_path) == str(tool)
    monkeypatch.setenv("PATH", "/nowhere")
    assert program_path("tool", {"tool": str(tool)}, tmp_path) == str(tool)  # as it was when the study began
    with pytest.raises(Failure):
        program_path("tool", {}, tmp_path)
    with pytest.raises(Failure):
        program_path("./absent", {}, tmp_path)
    (tmp_path / "train.py").touch()
    assert script_of(["python", "-m", "train"], tmp_path) == tmp_path / "train.py"
    assert script_of(["torchrun", "--nproc=2", "train.py"], tmp_path) == tmp_path / "train.py"
    assert is_python(["/x/python3.12", "a"])
    assert not is_python(["bash", "a"])
    assert "hides" in why_tap_is_hidden(["python", "-uI", "a.py"])
    assert "docker" in why_tap_is_hidden(["docker", "run", "x"])
    assert why_tap_is_hidden(["python", "-u", "a.py", "-I"]) == ""


def test_everybody_agrees_on_which_keys_are_the_scripts() -> None:
    assert tuple(field.name for field in dataclasses.fields(CommandSettings)) == COMMAND_KEYS
    settings = {"command": ["x"], "lr": 0.1, "names": {"lr": "learning-rate"}}
    assert script_parameters("command", settings) == {"lr": 0.1}
    assert script_parameters("sft", settings) == settings
    assert (script_names("command", settings), script_names("sft", settings)) == ({"lr": "learning-rate"}, {})


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("BETAS = (0.9, 0.99)", (0.8, 0.9)),
        ("BETAS = [0.9, 0.99]", [0.8, 0.9]),
        ("BETAS: tuple = (1, 2)", (0.8, 0.9)),
    ],
)
def test_a_constant_keeps_the_type_of_its_assignment(line: str, value: object) -> None:
    changed = with_values(f"{line}\nWIDTH = 8\n".encode(), "train.py", {"BETAS": [0.8, 0.9], "WIDTH": 16})
    values = [ast.literal_eval(node.value) for node in changed.body]  # type: ignore[attr-defined]
    assert values == [value, 16]


def test_of_several_assignments_the_one_that_is_used_is_set() -> None:
    source = b"BETAS = (0.9, 0.99)\nBETAS = [0.9, 0.99]\ntrain(BETAS)\n"
    changed = with_values(source, "train.py", {"BETAS": [0.8, 0.9]})
    values = [ast.literal_eval(node.value) for node in changed.body[:2]]  # type: ignore[attr-defined]
    assert values == [(0.9, 0.99), [0.8, 0.9]]


BASES = {
    "base.yaml": "output_dir: '{trial_dir}'\nlog: {dir: '{trial_dir}/logs', name: 'run-{number}-{lr}'}\n"
    "seed: '{seed}'\nckpt: '{epoch}-{val_loss}'\n"
    "mix: '{trial_dir}/{epoch}'\njinja: '{{ seed }}'\nomega: '${seed}'\nlist: ['{seed}']\n",
    "base.json": '{"output_dir": "{trial_dir}", "log": {"dir": "{trial_dir}/logs", "name": "run-{number}-{lr}"},'
    ' "seed": "{seed}", "ckpt": "{epoch}-{val_loss}", "mix": "{trial_dir}/{epoch}", "jinja": "{{ seed }}",'
    ' "omega": "${seed}", "list": ["{seed}"]}',
    "base.toml": "output_dir = '{trial_dir}'  # here\nseed = '{seed}'\nckpt = '{epoch}-{val_loss}'\n"
    "mix = '{trial_dir}/{epoch}'\njinja = '{{ seed }}'\nomega = '${seed}'\nlist = ['{seed}']\n"
    "[log]\ndir = '{trial_dir}/logs'\nname = 'run-{number}-{lr}'\n",
}


@pytest.mark.parametrize("name", BASES)
def test_placeholders_in_a_configuration_file_are_filled_and_its_own_templates_are_not(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text(BASES[name])
    made = composed(
        tmp_path, ["run", "{config}"], config=name, lr=0.5, save="{trial_dir}/model", **{"log.file": "{cache}"}
    )
    [text] = made.files.values()
    read = {"yaml": yaml.safe_load, "json": json.loads, "toml": tomllib.loads}[name.partition(".")[2]](text)
    assert read == {
        "output_dir": "/t",
        "log": {"dir": "/t/logs", "name": "run-7-0.5", "file": "{cache}"},  # this trial has no such fact
        "seed": 3,
        "ckpt": "{epoch}-{val_loss}",
        "mix": "/t/{epoch}",
        "jinja": "{{ seed }}",
        "omega": "${seed}",
        "list": [3],
        "lr": 0.5,
        "save": "/t/model",
    }
    assert ("# here" in text) == (name == "base.toml")


def test_a_placeholder_in_a_setting_is_filled_however_it_is_passed(tmp_path: Path) -> None:
    given = {"out": "{trial_dir}/x", "n": "{number}", "prompt": "Item {number}: {text}"}
    words = ["--out=/t/x", "--n=7", "--prompt=Item {number}: {text}"]
    assert composed(tmp_path, ["run"], **given).words == ["run", *words]
    assert composed(tmp_path, ["run"], style="env", **given).environment["OUT"] == "/t/x"
    [text] = composed(tmp_path, ["run"], style="wandb", **given).files.values()
    assert yaml.safe_load(text)["out"] == {"value": "{trial_dir}/x"}  # as W&B would
