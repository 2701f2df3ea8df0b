"""What a look at the script tells before anything is run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from hptui.core.errors import UserError
from hptui.scripts.arguments import compose_command
from hptui.scripts.help_check import dotted_keys
from hptui.scripts.preflight import preflight
from hptui.scripts.settings import read_command_spec
from tests.scripts.conftest import CLIENTS

PYTHON = sys.executable


def look(name: str, **settings: Any) -> list[str]:
    command = settings.pop("command", [PYTHON, f"{name}_client.py", *settings.pop("words", [])])
    options = {key: settings.pop(key) for key in ("parallel", "repeated") if key in settings}
    warnings = preflight({"command": command, **settings}, str(CLIENTS), **options).warnings
    return [text for text in warnings if "the script demands" not in text]  # most clients demand a learning rate


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("argparse", {"lr": 0.1, "batch_size": 8, "amp": True, "layers": [1]}),
        ("click", {"style": "click", "lr": 0.1, "batch_size": 8, "amp": True}),
        ("fire", {"style": "fire", "lr": 0.1, "batch_size": 8}),
        ("hydra", {"style": "hydra", "names": {"lr": "optimizer.lr"}, "lr": 0.1, "batch_size": 8}),
        ("argparse", {"words": ["--lr", "{lr}"], "lr": 0.1}),
        ("environment", {"style": "env", "lr": 0.1}),
    ],
    ids=["argparse", "click", "fire", "hydra", "placed", "env"],
)
def test_a_script_that_knows_its_parameters_is_fine(name: str, settings: dict[str, Any]) -> None:
    assert look(name, **settings) == []


def test_a_parameter_that_the_script_does_not_know_is_named_with_the_nearest_flag() -> None:
    assert look("click", style="argparse", batch_size=8) == []  # it is spelled as the script declares it
    [said] = look("click", style="argparse", batchsize=8)
    assert "knows no '--batchsize'; did you mean '--batch-size'?" in said
    [said] = look("argparse", learning_rate=0.1)
    assert "knows no '--learning_rate'" in said
    [said] = look("hydra", style="hydra", lr=0.1)
    assert "knows no 'lr'" in said


def test_flags_that_can_be_turned_off_are_and_where_only_the_help_shows_them_that_is_said(tmp_path: Path) -> None:
    assert look("click", style={"preset": "click", "booleans": "flag"}, amp=False) == []
    assert look("argparse", style={"booleans": "no"}, amp=False) == []
    (tmp_path / "hidden.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\n"
        "for name, how in (('a' * 1 + 'mp', argparse.BooleanOptionalAction), ('e' * 1 + 'ma', 'store_true')):\n"
        "    p.add_argument('--' + name, action=how)\np.parse_args()\n"
    )
    given = {"command": [PYTHON, "hidden.py"], "amp": False, "ema": False}
    [said] = preflight(given, str(tmp_path)).warnings
    assert '--amp can be turned off by --no-amp; booleans = { amp = "no" } says false, too' in said
    [said] = preflight({**given, "style": {"booleans": "no"}}, str(tmp_path)).warnings
    assert "knows no '--no-ema'; booleans = { ema = \"flag\" } says nothing where it is false" in said


def test_a_script_with_a_configurator_is_read_and_not_asked(tmp_path: Path) -> None:
    (tmp_path / "gpt.py").write_text("learning_rate = 1e-3\nexec(open('configurator.py').read())\n")
    given = {"command": [PYTHON, "gpt.py"], "style": "exact"}
    assert preflight({**given, "learning_rate": 0.1}, str(tmp_path)).warnings == []
    [said] = preflight({**given, "learning_rat": 0.1}, str(tmp_path)).warnings
    assert "knows no '--learning_rat'; did you mean '--learning_rate'" in said


def test_what_is_not_there_is_said() -> None:
    assert look("absent", lr=1) == [f"trainer.command: there is no file 'absent_client.py' in {CLIENTS}"]
    [said] = look("", command=["pyton", "train.py"])
    assert "there is no program 'pyton' on the PATH (did you mean 'python'?)" in said
    [said] = look("config", lr=1, help=["--help"])
    assert "--help does not list parameters" in said
    assert look("config", lr=1) == []  # it reads no --help, so it is not asked
    assert look("config", lr=1, help=False) == []


def test_a_script_that_reads_no_command_line_is_not_run(tmp_path: Path) -> None:
    ran = "open('ran', 'w')\n"
    texts = {
        "sweep.py": "import wandb\nwandb.init(config={'lr': 1})\nprint(wandb.config.lr)\n",
        "environ.py": "import os\nlr = float(os.environ.get('LR', 0.1))\n",
        "plain.py": "lr = 0.1\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(ran + text)

    def said(name: str, style: Any) -> list[str]:
        return preflight({"command": [PYTHON, name], "style": style, "lr": 1.0}, str(tmp_path)).warnings

    assert said("sweep.py", {"preset": "exact", "also": "wandb"}) == []
    for name, hint in (("sweep.py", '"wandb"'), ("environ.py", '"env"'), ("plain.py", '"constants"')):
        [one] = said(name, "argparse")
        assert "the script reads no command line" in one
        assert hint in one
    assert not (tmp_path / "ran").exists()


def test_the_script_is_asked_where_it_runs(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for script in CLIENTS.glob("argparse_client.py"):
        (tmp_path / "below" / "train.py").write_text(script.read_text())
    settings = {"command": [PYTHON, "train.py"], "workdir": "below", "lrr": 0.1}
    [said, demanded] = sorted(preflight(settings, str(tmp_path)).warnings)
    assert "trainer.lr: the script demands it" in demanded
    assert "the script knows no '--lrr'; did you mean '--lr'" in said
    [said] = preflight({**settings, "workdir": ""}, str(tmp_path)).warnings
    assert "there is no file 'train.py'" in said


def test_a_base_file_that_lacks_a_parameter(tmp_path: Path) -> None:
    base = tmp_path / "base.yaml"
    base.write_text("training:\n  lr: 0.1\n")
    settings = {"command": [PYTHON, "-c", "", "{config}"], "config": str(base), "lr": 0.1, "training.lr": 0.2}
    [said] = preflight(settings, str(tmp_path)).warnings
    assert "the base file has no 'lr'; did you mean 'training.lr'?" in said


def test_files_that_trials_would_share_and_seeds_that_reach_nobody() -> None:
    metrics = {"metrics": ["results.json"], "help": False}
    [said] = look("report", words=["{lr}"], lr=1, parallel=2, **metrics)
    assert "results.json is one file for 2 trials at once" in said
    assert look("report", words=["{lr}"], lr=1, parallel=1, **metrics) == []
    [said] = look("report", words=["{lr}"], lr=1, repeated=True)
    assert "{seed}" in said


def test_a_hidden_tap_is_said() -> None:
    [said] = look("", command=[PYTHON, "-I", "report_client.py", "1"])
    assert f"`{Path(PYTHON).name} -I` hides the tap" in said


def test_a_setting_of_ours_that_is_misspelt_would_be_a_parameter() -> None:
    said = look("argparse", help=False, workdirr="x")
    assert said == ["trainer.workdirr: goes to the script as a parameter; did you mean 'workdir'?"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"command": []}, "trainer.command"),
        ({"command": ["python", 3]}, "3 is no text"),
        ({"command": ["true", "{lrr}"], "lr": 1}, "did you mean 'lr'"),
        ({"command": ["true"], "env": {"A": 1}}, "trainer.env"),
        ({"command": ["true"], "config": "base.xml"}, "YAML, JSON, TOML, INI or Python"),
        ({"command": ["true"], "config": "yaml", "lr": 1}, "no word of the command is {config}"),
        ({"command": ["true"], "metrics": ["loss (?P<loss"]}, "no regular expression"),
        ({"command": ["true"], "metrics": [{"file": "x.json", "field": {}}]}, "did you mean 'fields'"),
        ({"command": ["true"], "metrics": [{"file": "x.json", "format": "yaml"}]}, "there is no format 'yaml'"),
        ({"command": ["true"], "resume_flag": "--resume {checkpoint}"}, "trainer.checkpoint"),
        ({"command": ["true"], "help": "--help"}, "trainer.help"),
        ({"command": ["true"], "style": "agrparse"}, "did you mean 'argparse'"),
    ],
)
def test_what_cannot_be_right_names_its_key(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as error:
        preflight(settings, ".")
    assert said in str(error.value)


def test_a_printed_configuration_has_dotted_keys() -> None:
    assert dotted_keys("a: 1\nb:\n  c: 2\n  d:\n    e: 3\nf: x\n") == ["a", "b", "b.c", "b.d", "b.d.e", "f"]


def test_a_placeholder_that_stays_in_a_configuration_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("out: '{trial_dri}/x'\nname: '{number} of {all}'\nckpt: '{epoch}'\n")
    settings = {"command": [PYTHON, "-c", "", "{config}"], "config": "base.yaml", "out2": "{trial_dir}"}
    said = preflight(settings, str(tmp_path)).warnings
    assert "trainer.config: out keeps its {trial_dri}: did you mean {trial_dir}?" in said
    assert any("name keeps its {number}" in text for text in said)
    assert not any("ckpt" in text or "out2 keeps" in text for text in said)


@pytest.mark.parametrize("tables", ["flat", "python"])
@pytest.mark.parametrize("declared", ["--nest", "--nest.x"])
@pytest.mark.parametrize("given", [{"nest.x": 1}, {"nest": {"x": 1}}, {"nest": {"x": {"y": 1}}}])
def test_a_table_is_looked_for_as_it_is_passed(tmp_path: Path, tables: str, declared: str, given: Any) -> None:
    """Whether the option of the command line is one that the script has is what the warning says."""
    (tmp_path / "a.py").write_text(
        "import argparse\n"
        "p = argparse.ArgumentParser()\n"
        f"p.add_argument('{declared}')\n"
        "p.add_argument('--other')\n"
        "p.parse_args()\n"
    )
    style = {"preset": "exact", "tables": tables}
    settings = {"command": ["python", "a.py"], "style": style, "tables": ["nest"], **given}
    spec = read_command_spec(settings)
    words = compose_command(spec, {}, tmp_path, tmp_path).words
    passed = {word.partition("=")[0] for word in words[2:]}
    said = [text for text in preflight(settings, str(tmp_path)).warnings if "knows no" in text]
    assert len(said) == len(passed - {declared}), (words, said)
