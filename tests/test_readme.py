"""What README.md says is so: its commands, its examples, its tables; and the root holds what it should."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from hptui.operations.check import check
from tests.readme import README, generated
from tests.support import hptui

ROOT = README.parent
TEXT = README.read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL)
EXAMPLES = [code for language, code in BLOCKS if language == "toml"]
COMMANDS = [line for language, code in BLOCKS if language == "sh" for line in code.splitlines() if line]


def test_the_generated_parts_are_up_to_date() -> None:
    assert generated(TEXT) == TEXT, "run: python -m tests.readme"


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_is_a_study_that_can_run(example: str, tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(example)
    assert check(path).study.name


@pytest.mark.parametrize("path", sorted((ROOT / "studies").glob("*.toml")), ids=lambda path: path.stem)
def test_every_study_that_we_ship_can_run(path: Path) -> None:
    assert check(path).study.name == path.stem


def test_ci_runs_exactly_the_test_command() -> None:
    [command] = [line for line in COMMANDS if line.endswith("-m pytest")]
    assert command in (ROOT / ".ci" / "run").read_text().splitlines()


def test_the_main_command_installs_and_runs_a_study_that_exists() -> None:
    command = COMMANDS[0]
    assert command.startswith("python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/hptui run ")
    assert (ROOT / command.split()[-1]).is_file()


VERBS = sorted({words[1] for line in COMMANDS if (words := line.split("#")[0].split())[0] == "hptui"})


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_that_is_shown_has_help(verb: str, tmp_path: Path) -> None:
    done = hptui(tmp_path, verb, "--help")
    assert done.returncode == 0
    assert "Usage: hptui" in done.stdout


def test_the_root_holds_what_belongs_there() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    entries = {line.split("/")[0] for line in listed.stdout.splitlines()}
    allowed = {"pyproject.toml", "README.md", "LICENSE", "hptui", "studies", "tests", "screenshots"}
    assert {entry for entry in entries if not entry.startswith(".")} <= allowed


def test_the_nine_packages_at_its_heart_are_ordinary_dependencies() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=~ ]", entry)[0] for entry in project["dependencies"]}
    heart = "textual rich optuna ax-platform torch transformers peft bitsandbytes sqlite-utils"
    assert set(heart.split()) <= names


def test_no_place_was_left_to_be_filled() -> None:
    assert not re.findall(r"^[A-Z]{6,}$|TODO|FIXME", TEXT, re.MULTILINE)
