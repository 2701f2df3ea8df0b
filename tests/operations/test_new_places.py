"""Scripts that write where they start: what one trial saves does not reach the next, and what they read does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hptui import studyfile
from hptui.core.errors import UserError
from hptui.core.study import Study
from hptui.operations.check import preflight
from hptui.operations.new import write_study_file
from hptui.scripts.arguments import compose_command
from hptui.scripts.links import check_links, make_links, read_links
from hptui.scripts.settings import read_command_spec
from hptui.trainers import registry

PATHS = {
    "a text": ("", "'last.pt'"),
    "a constant": ("PATH = 'last.pt'\n", "PATH"),
    "joined": ("import os\nFOLDER = 'saved'\nos.makedirs(FOLDER, exist_ok=True)\n", "os.path.join(FOLDER, 'last.pt')"),
    "a path": (
        "from pathlib import Path\nOUT = Path('saved')\nOUT.mkdir(exist_ok=True)\n",
        "str(OUT / 'last.pt')",
    ),
    "with a name in it": ("name = 'net'\n", "f'{name}.pt'"),
    "an argument": (
        "class Saver:\n    def __init__(self, where='last.pt'):\n        self.where = where\n\n\nsaver = Saver()\n",
        "saver.where",
    ),
}
WAYS = {
    "exists": "import os\nif os.path.exists({0}):\n    lr = load({0})\n",
    "is a file": "from pathlib import Path\nif Path({0}).is_file():\n    lr = load({0})\n",
    "tries": "try:\n    lr = load({0})\nexcept OSError:\n    pass\n",
}
HEAD = """import json


class torch:
    @staticmethod
    def save(value, path):
        with open(path, 'w') as file:
            file.write(json.dumps(value))

    @staticmethod
    def load(path):
        with open(path) as file:
            return json.loads(file.read())


save, load = torch.save, torch.load
LR = 0.01
lr = LR
rows = open('data/rows.csv').read()
"""
TAIL = "print('RECEIVED', json.dumps([lr, rows]))\nprint(f'val_loss: {{lr}}')\ntorch.save(lr, {0})\n"


def started(study: Study, folder: Path, number: int, lr: float) -> Any:
    """What the script says that it has in a trial with this rate."""
    output = folder / ".hptui" / str(number)
    output.mkdir(parents=True)
    spec = read_command_spec({**study.trainer.settings, "LR": lr})
    facts = dict.fromkeys(("seed", "number", "attempt", "gpu", "threads", "port", "cache", "checkpoint"), "0")
    facts |= {"trial_dir": str(output), "study_dir": str(folder), "python": sys.executable}
    composed = compose_command(spec, facts, folder, output)
    work = folder / composed.placeholders.fill(spec.settings.workdir, "workdir")
    make_links(spec.settings.links, folder, work, composed.placeholders.fill, composed.files)
    words = [sys.executable if word == "python" else word for word in composed.words]
    done = subprocess.run(words, cwd=work, env={**os.environ, **composed.environment}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [line] = [line for line in done.stdout.splitlines() if line.startswith("RECEIVED")]
    return json.loads(line.removeprefix("RECEIVED"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("packaged", [False, True])
def test_no_trial_goes_on_from_what_another_has_saved(
    way: str, path: str, packaged: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.csv").write_text("1,2\n")
    (tmp_path / "notes.md").write_text("# Notes\n")
    if path == "a text":
        (tmp_path / "last.pt").write_text("9")  # of an earlier run by hand
    declared, spelled = PATHS[path]
    source = HEAD + declared + WAYS[way].replace("load(", "torch.load(").format(spelled) + TAIL.format(spelled)
    script = Path("pkg/train.py" if packaged else "train.py")
    if packaged:
        (tmp_path / "pkg").mkdir()
        (tmp_path / "pkg" / "__init__.py").write_text("")
        source = f"import pkg\nfrom . import __name__ as own\n{source}"
    script.write_text(source)
    study_path, notes = write_study_file(str(script))
    study = studyfile.read_file(study_path, schema=registry.schema)
    if study.trainer.settings.get("PATH") != "{trial_dir}/last.pt":  # a constant that says where is set itself
        assert study.trainer.settings["workdir"] == "{trial_dir}", notes
        assert study.trainer.settings["links"] == (["pkg", "data"] if packaged else ["data"])
        assert any("directory of its own, with links to" in note for note in notes)
    for number, lr in enumerate((0.01, 0.5, 0.25)):
        assert started(study, tmp_path, number, lr) == [lr, "1,2\n"], (way, path)
    assert (tmp_path / "data" / "rows.csv").read_text() == "1,2\n"


@pytest.mark.parametrize(
    ("made", "own"),
    [
        ("os.mkdir('out_1')\n", True),
        ("os.makedirs('runs_of/out')\n", True),
        ("from pathlib import Path\nPath('out_1').mkdir()\n", True),
        ("FOLDER = 'out_1'\nos.mkdir(FOLDER)\n", True),
        ("if not os.path.exists('out_1'):\n    os.mkdir('out_1')\n", False),
        ("os.makedirs('out_1', exist_ok=True)\n", False),
        ("def unused():\n    os.mkdir('out_1')\n", False),
        ("os.makedirs('/tmp/out_1')\n", False),
    ],
)
def test_a_directory_that_must_not_be_there_is_made_in_a_place_of_its_own(
    made: str, own: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(f"import os\nLR = 0.1\n{made}print(f'val_loss: {{LR}}')\n")
    path, _ = write_study_file("train.py")
    settings = studyfile.read_file(path, schema=registry.schema).trainer.settings
    assert (settings.get("workdir") == "{trial_dir}") is own


@pytest.mark.process
def test_what_a_script_needs_around_it_keeps_it_where_it_is_and_check_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder := tmp_path / "src").mkdir()
    (tmp_path / "data.csv").write_text("1\n")
    (folder / "other.py").write_text("")
    head = "import os, torch\nLR = 0.1\nif os.path.exists('last.pt'):\n    state = torch.load('last.pt')\n"
    monkeypatch.chdir(folder)
    for number, needed in enumerate(("open('../data.csv')\n", "os.system('python other.py')\nNAME = 'other.py'\n")):
        (folder / f"t{number}.py").write_text(f"{head}{needed}print(f'val_loss: {{LR}}')\n")
        path, notes = write_study_file(f"t{number}.py")
        study = studyfile.read_file(path, schema=registry.schema)
        assert "workdir" not in study.trainer.settings
        assert any("goes on from last.pt where it finds it, and all trials start in one" in note for note in notes)
        assert any("goes on from last.pt where it finds it" in text for text in preflight(study))


@pytest.mark.process
def test_an_option_that_says_where_a_model_lies_is_given_a_place_of_the_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    declared = "p.add_argument('--lr', type=float, default=0.1)\np.add_argument('--snap', default='last.pt')\n"
    body = "if os.path.exists(a.snap):\n    a.lr = torch.load(a.snap)\ntorch.save(a.lr, a.snap)\n"
    head = f"import argparse, os, torch\np = argparse.ArgumentParser()\n{declared}a = p.parse_args()\n"
    (tmp_path / "t.py").write_text(f"{head}{body}print(f'val_loss: {{a.lr}}')\n")
    path, _ = write_study_file("t.py")
    study = studyfile.read_file(path, schema=registry.schema)
    assert "--snap={trial_dir}/last.pt" in study.trainer.settings["command"]  # type: ignore[operator]
    assert not any("goes on from" in text for text in preflight(study))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (["/data"], "does not lie below"),
        (["../data"], "does not lie below"),
        ([3], "list or a table"),
        ("data", "list"),
    ],
)
def test_links_are_names_below_the_directory_of_a_trial(value: Any, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        read_links(value)


def test_links_need_a_directory_of_the_trial() -> None:
    with pytest.raises(UserError, match="directory of its own"):
        check_links(["data"], "")
    check_links({"data": "../data"}, "{trial_dir}/work")
    check_links([], "")


def test_a_folder_that_is_downloaded_to_is_made_once_and_a_copy_stays(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("lr: 1\n")
    works = [tmp_path / "trials" / str(number) for number in range(2)]
    for work in works:
        work.mkdir(parents=True)
        (work / "base.yaml").write_text("lr: 2\n")
        make_links(["data", "base.yaml", "absent.csv"], tmp_path, work, lambda text, _: text, [work / "base.yaml"])
        make_links(["data"], tmp_path, work, lambda text, _: text, [])
    (works[0] / "data" / "file").write_text("x")
    assert (works[1] / "data" / "file").read_text() == "x"
    assert (works[1] / "base.yaml").read_text() == "lr: 2\n"
    assert not (works[0] / "absent.csv").exists()
    assert (tmp_path / "base.yaml").read_text() == "lr: 1\n"


ANCHORS = {
    "a path": "from pathlib import Path\nROOT = Path(__file__).resolve().parents[0]\nOUT = ROOT / 'runs' / 'train'\n",
    "two names": "from pathlib import Path\nFILE = Path(__file__).resolve()\nROOT = FILE.parent\nOUT = ROOT / 'runs'\n",
    "joined": "from pathlib import Path\nimport os\nOUT = Path(os.path.join(os.path.dirname(__file__), 'runs'))\n",
}
SEARCHED = "import sys\nfrom pathlib import Path\nsys.path.append(str(Path(__file__).parent / 'src'))\n"


@pytest.mark.parametrize("anchor", [*ANCHORS, "none", "the search path of modules"])
def test_files_below_the_script_are_looked_for_where_it_writes_them(
    anchor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    start = {"none": "", "the search path of modules": SEARCHED}.get(anchor) or ANCHORS.get(anchor, "")
    folder = "OUT" if anchor in ANCHORS else "Path('runs')"
    Path("train.py").write_text(
        f"{start}import argparse, csv\nfrom pathlib import Path\np = argparse.ArgumentParser()\n"
        "p.add_argument('--lr', type=float, default=0.1)\np.add_argument('--name', default='exp')\na = p.parse_args()\n"
        f"where = {folder} / a.name\nwhere.mkdir(parents=True, exist_ok=True)\n"
        "def write(directory, loss):\n    with open(directory / 'results.csv', 'w') as f:\n        w = csv.writer(f)\n"
        "        w.writerow(['epoch', 'val_loss'])\n        w.writerow([1, loss])\n"
        "write(where, a.lr * 2)\n"
    )
    study = studyfile.read_file(write_study_file("train.py")[0], schema=registry.schema)
    assert study.objective.metric == "val_loss"
    assert ("workdir" in study.trainer.settings) is (anchor not in ANCHORS)


NAMED = {
    "a file": ("open('../data/rows.csv')", True),
    "a folder": ("os.listdir('../data/')", True),
    "a default of a module": ("load()", True),
    "beside the script": ("open('conf/base.txt')", True),
    "below the package": ("open('data/rows.csv')", False),
    "nothing": ("print('begun')", False),
}


@pytest.mark.parametrize("named", NAMED)
@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("stand", ["", "net"])
def test_a_script_of_a_package_starts_where_the_files_are_that_it_names(
    named: str, relative: bool, stand: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {
        "data/rows.csv": "1\n",
        "net/conf/base.txt": "x\n",
        "net/__init__.py": "",
        "net/utils.py": "def load(path='../data/'):\n    return open(path + 'rows.csv')\n"
        if named == "a default of a module"
        else "def load():\n    pass\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    line, beside = NAMED[named]
    package = "." if relative else "net."
    source = f"import json, os\nfrom {package}utils import load\nLR = 0.01\n{line}\n"
    (tmp_path / "net" / "train.py").write_text(
        f"{source}print('RECEIVED', json.dumps(LR))\nprint(f'val_loss: {{LR}}')\n"
    )
    monkeypatch.chdir(tmp_path / stand)
    path, _ = write_study_file("train.py" if stand else "net/train.py")
    study = studyfile.read_file(path, schema=registry.schema)
    by_path = beside and not relative
    assert study.trainer.settings["command"] == ["python", *(["train.py"] if by_path else ["-m", "net.train"])]
    if by_path or not beside:  # with a dot in its imports it cannot start where its files are
        assert started(study, tmp_path / stand, 0, 0.25) == 0.25
