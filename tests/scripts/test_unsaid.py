"""What cannot be said is refused by check and run; what a file declares by hand is on record as not said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hptui.core.errors import StudyError
from hptui.core.study import Study, TrainerSettings
from hptui.core.trial import TrialStatus
from hptui.operations.check import check
from hptui.operations.run import run
from hptui.scripts.arguments import compose_command
from hptui.scripts.settings import read_command_spec
from hptui.scripts.validate import check_study
from tests.support import events, run_to_rest, trial, trials

SCRIPT = """
import argparse, json
p = argparse.ArgumentParser()
p.add_argument("--ema", action="store_true", default=True)
p.add_argument("--amp", type=bool, default=True)
p.add_argument("--no-shuffle", dest="shuffle", action="store_false")
p.add_argument("--betas", type=str, default="")
p.add_argument("--lr", type=float, default=0.1)
a = p.parse_args()
print("settings " + json.dumps(vars(a)))
print(f"step 1 val_loss {a.lr}")
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(SCRIPT)
    return tmp_path


def study(folder: Path, trainer: str, space: str = "", command: str = "train.py") -> Path:
    path = folder / "s.toml"
    path.write_text(
        f'name = "s"\n[objective]\nmetric = "val_loss"\n[trainer]\nkind = "command"\n'
        f"command = [{sys.executable!r}, {command!r}]\neffective_from = 'settings (?P<json>{{.*}})'\n{trainer}\n"
        f"[space]\n{space}\n[search]\nsampler = 'random'\ntrials = 2\n"
    )
    return path


@pytest.mark.parametrize(
    ("trainer", "space", "said"),
    [
        ("ema = false", "lr = '0.1..0.2'", "trainer.ema: false cannot be passed to the script"),
        ("", "ema = { choices = [true, false] }", "space.ema: false cannot be passed"),
        ("", "betas = { choices = [[0.9, 0.99], [0.8, 0.9]] }", "how that holds a list is not known"),
        ("lr = 'fast'", "amp = { choices = [true, false] }", 'trainer.lr: "fast" cannot be passed'),
    ],
)
def test_check_and_run_refuse_with_the_place_and_the_way_out(
    script: Path, home: Path, trainer: str, space: str, said: str
) -> None:
    path = study(script, trainer, space)
    for act in (lambda: check(path), lambda: run(home, str(path))):
        with pytest.raises(StudyError) as error:
            act()
        assert said in str(error.value)
        assert "in the command, or" in str(error.value)
    assert not (home / "s").exists()


def test_silence_of_a_script_that_cannot_be_read_is_refused_unless_the_file_declares_it(script: Path) -> None:
    (script / "train.sh").write_text("exec python train.py $@\n")
    space = "fast = { choices = [true, false] }"
    with pytest.raises(StudyError, match="what the script then does is not known"):
        check(study(script, "", space, command="train.sh"))
    assert check(study(script, 'style = { booleans = { fast = "flag" } }', space, command="train.sh")).study
    assert check(study(script, 'style = "hf"', space, command="train.sh")).study  # said as a word


def test_what_is_declared_by_hand_is_on_record_as_not_said(script: Path, home: Path) -> None:
    style = 'style = { booleans = { ema = "flag" } }\nema = false\namp = false\nshuffle = false'
    sd = run_to_rest(home, study(script, style, "lr = '0.1..0.2'"))
    assert [one.status for one in trials(sd)] == [TrialStatus.COMPLETE] * 2
    first = trial(sd, 0)
    assert first.facts["not_said"] == ["ema"]
    assert (first.effective["ema"], first.effective["amp"], first.effective["shuffle"]) == (True, False, False)
    assert any("ema does not reach the script" in message for message in events(sd, "trainer"))


ENVIRONMENT = [
    ('amp = os.environ.get("AMP", "0") == "1"', {True: "1", False: "0"}),
    ('amp = os.environ.get("AMP", "true").lower() == "true"', {True: "True", False: "False"}),
    ('amp = bool(int(os.environ.get("AMP", 1)))', {True: "1", False: "0"}),
    ('amp = bool(os.environ.get("AMP", ""))', {True: "True", False: ""}),
    ('lr = float(os.environ.get("AMP", 1))', {0.5: "0.5", None: "refused"}),
]


@pytest.mark.parametrize(("line", "texts"), ENVIRONMENT)
@pytest.mark.parametrize("way", [{"style": "env"}, {"style": "none", "env": {"AMP": "{amp}"}}], ids=["style", "placed"])
def test_a_variable_has_the_text_that_the_script_reads(
    tmp_path: Path, line: str, texts: dict[Any, str], way: dict[str, Any]
) -> None:
    (tmp_path / "train.py").write_text(f"import os\nwidth = int(os.environ.get('WIDTH', 8))\n{line}\n")
    for value, text in texts.items():
        spec = read_command_spec({"command": ["python", "train.py"], **way, "amp": value})
        made = compose_command(spec, {}, tmp_path, tmp_path)
        assert bool(made.passed.refused) == (text == "refused"), made.passed
        assert made.environment.get("AMP", "refused" if made.passed.refused else "unset") == text


@pytest.mark.parametrize("shell", ["sh", "/bin/bash"])
@pytest.mark.parametrize("option", ["-c", "-ec"])
@pytest.mark.parametrize(
    "text", ["echo", 'echo "$@"', "echo $*", "echo $1", "echo $0", "echo ${{1}}", "echo {lr}", "echo $LR"]
)
@pytest.mark.parametrize("behind", [[], ["sh"], ["sh", "{lr}"]])
def test_a_text_that_a_shell_runs_gets_its_parameters(
    tmp_path: Path, shell: str, option: str, text: str, behind: list[str]
) -> None:
    """What the shell then writes tells whether it has the value."""
    settings: dict[str, Any] = {"command": [shell, option, text, *behind], "lr": 0.125}
    composed = compose_command(read_command_spec(settings), {}, tmp_path, tmp_path)
    done = subprocess.run(composed.words, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]})
    study = Study("s", (), TrainerSettings("command", settings), directory=str(tmp_path))
    is_refused = False
    try:
        check_study(study)
    except StudyError:
        is_refused = True
    is_stated = "{lr}" in behind or "{lr}" in text  # the command says where it stands, used or not
    assert is_refused != ("0.125" in done.stdout or is_stated), (composed.words, done.stdout)
