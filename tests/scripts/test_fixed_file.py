"""A file of settings whose path stands in the script: each trial gets its own copy, or fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hptui.core.errors import UserError
from hptui.core.trial import Reason, TrialStatus
from hptui.operations.new import write_study_file
from hptui.scripts.arguments import ComposedCommand, compose_command, copy_mark
from hptui.scripts.inspect import inspect_script
from hptui.scripts.settings import read_command_spec
from hptui.scripts.trainer import TAP_DIRECTORY
from tests.support import run_to_rest, trial

CONTENT = {"yaml": "lr: 0.1\nnet: {width: 8}\n", "json": '{"lr": 0.1, "net": {"width": 8}}', "toml": "lr = 0.1\n"}
READ = {"yaml": "yaml.safe_load", "json": "json.load", "toml": "tomllib.load"}
WAYS = [
    "read(open(NAME, 'rb'))",
    "read(open('./' + NAME, mode='rb'))",
    "read(open(os.path.abspath(NAME), 'rb'))",
    "read(io.open(NAME, 'rb'))",
    "read(Path(NAME).open('rb'))",
    "read(io.BytesIO(Path(NAME).read_text().encode()))",
    "read(io.BytesIO(Path(__file__).with_name(NAME).read_bytes()))",
    "read(open(os.path.join('link', NAME), 'rb'))",
    "read(io.BytesIO(subprocess.run([sys.executable, '-c', f'print(open({NAME!r}).read())'],"
    " capture_output=True, check=True).stdout))",
    "read(io.BytesIO(multiprocessing.get_context('spawn').Pool(1).apply(text_of, (NAME,)).encode()))",
]
HEAD = "import io, json, multiprocessing, os, subprocess, sys, tomllib, yaml\nfrom pathlib import Path\n"


def composed(folder: Path, name: str, **settings: Any) -> ComposedCommand:
    (folder / "out").mkdir(exist_ok=True)
    table = {"command": [sys.executable, "t.py"], "config": name, **settings}
    made = compose_command(read_command_spec(table), {"trial_dir": "out"}, folder, folder / "out")
    for path, text in made.files.items():
        path.write_text(text)
    return made


@pytest.mark.parametrize("suffix", CONTENT)
def test_a_script_reads_the_copy_however_it_opens_its_file(suffix: str, tmp_path: Path) -> None:
    name = f"conf.{suffix}"
    (tmp_path / name).write_text(CONTENT[suffix])
    (tmp_path / "link").symlink_to(".")
    (tmp_path / "texts.py").write_text("def text_of(name):\n    return open(name).read()\n")
    source = f"{HEAD}from texts import text_of\nNAME, read = {name!r}, {READ[suffix]}\n"
    main = "".join(f"    print({way}['lr'])\n" for way in WAYS)
    (tmp_path / "t.py").write_text(f"{source}if __name__ == '__main__':\n{main}    open({name!r}, 'a').write('')\n")
    made = composed(tmp_path, name, lr=0.25)
    environment = {**os.environ, **made.environment, "PYTHONPATH": str(TAP_DIRECTORY), "HPTUI_REPORT": "report"}
    done = subprocess.run(made.words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (["0.25"] * len(WAYS), "")
    assert (tmp_path / name).read_text() == CONTENT[suffix]
    assert copy_mark(tmp_path / "out" / name).exists()


@pytest.mark.parametrize("path", ["conf.yaml", "./conf.yaml", "{trial_dir}/conf.yaml", "../conf.yaml"])
def test_a_script_that_works_in_the_directory_of_the_trial_reads_the_copy_itself(path: str, tmp_path: Path) -> None:
    (tmp_path / "conf.yaml").write_text(CONTENT["yaml"])
    made = composed(tmp_path, "conf.yaml", lr=0.25)
    name = path.replace("{trial_dir}", str(tmp_path / "out"))
    (tmp_path / "t.py").write_text(f"import yaml\nprint(yaml.safe_load(open({name!r}))['lr'])\n")
    environment = {**os.environ, **made.environment, "PYTHONPATH": str(TAP_DIRECTORY), "HPTUI_REPORT": "report"}
    command = [sys.executable, str(tmp_path / "t.py")]
    done = subprocess.run(command, cwd=tmp_path / "out", env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("0.25", "")
    assert copy_mark(tmp_path / "out" / "conf.yaml").exists()


@pytest.mark.parametrize(("config", "settings"), [("conf.yaml", {"tap": False}), ("yaml", {})])
def test_a_copy_that_no_script_would_see_is_refused(config: str, settings: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "conf.yaml").write_text(CONTENT["yaml"])
    with pytest.raises(UserError, match="no word of the command is"):
        composed(tmp_path, config, lr=0.25, **settings)


WRITTEN = {
    "a name": "open('conf/base.yaml')",
    "a path": "Path('conf/base.yaml').read_text()",
    "a variable": "open(NAME)",
    "a default": "load()",
    "parts": "open(os.path.join(ROOT, 'base.yaml'))",
    "another module": "settings.CFG or ''",
}


@pytest.mark.parametrize("way", WRITTEN)
def test_the_file_is_found_in_the_source(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "base.yaml").write_text(CONTENT["yaml"])
    (tmp_path / "conf" / "labels.yaml").write_text("cat: 1\ndog: 2\n")
    (tmp_path / "settings.py").write_text("import yaml\nCFG = yaml.safe_load(open('conf/base.yaml'))\n")
    names = "NAME = 'conf/base.yaml'\n" if way == "a variable" else ""
    names += "def load(path='conf/base.yaml'):\n    return open(path)\n" if way == "a default" else ""
    names += "import settings\n" if way == "another module" else ""
    (tmp_path / "t.py").write_text(
        f"{HEAD}ROOT = './' + 'conf'\n{names}labels = yaml.safe_load(open('conf/labels.yaml'))\n"
        f"cfg = yaml.safe_load({WRITTEN[way]})\nprint(f'val_loss: {{cfg[\"lr\"]}}')\nopen('out.json', 'w')\n"
    )
    script = inspect_script(Path("t.py"))
    assert {option.name: option.default for option in script.options} == {"lr": 0.1, "net.width": 8}
    assert script.config is not None
    assert script.config.samefile(tmp_path / "conf" / "base.yaml")


@pytest.mark.process
def test_what_is_recorded_is_what_ran_and_a_script_that_never_opens_its_file_fails(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text("lr: 0.1\nlazy: false\n")
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "t.py").write_text(
        "import own, sys, yaml\ncfg = yaml.safe_load(open('c.yaml')) if 'lazy' not in sys.argv else {'lr': 0.1}\n"
        "print(f'val_loss: {cfg[\"lr\"]}')\n"
    )
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "own.py").touch()
    (tmp_path / "run.sh").write_text("exec python -m pkg.t\n")
    path, _ = write_study_file("pkg.t")
    assert 'config = "c.yaml"' in path.read_text()
    commands = [["python", "-m", "pkg.t"], ["bash", "run.sh"], ["python", "pkg/t.py", "lazy"]]
    tables = "".join(f"[[trial]]\nset = {{ lr = 0.25, command = {json.dumps(words)} }}\n" for words in commands)
    text = path.read_text().partition("\n[space]")[0] + "\n"
    text = text.replace('config = "c.yaml"', 'config = "c.yaml"\nenv = { PYTHONPATH = "{study_dir}/lib" }')
    path.write_text(f'{text}[search]\nsampler = "list"\nbaseline = false\n{tables}')
    sd = run_to_rest(home, path)
    assert [trial(sd, number).values for number in (0, 1)] == [{"val_loss": 0.25}] * 2
    lazy = trial(sd, 2)
    assert (lazy.status, lazy.reason, lazy.values) == (TrialStatus.FAILED, Reason.SETUP, None)
    assert "never opened c.yaml" in lazy.message
