"""Names that are not what lies there: of models and data of a hub, of installed packages."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui import studyfile
from hptui.operations.new import write_study_file
from hptui.operations.new_command import how_to_start
from hptui.trainers import registry

SAVING = "import argparse, torch\np = argparse.ArgumentParser()\np.add_argument('--lr', type=float, default=0.1)\n"
OF_HUB = ("pretrained", "pretrained_model_name", "dataset", "dataset_name", "dataset_config_name", "data_name")
FOLDERS = ("data", "data_dir", "dataset_path", "data_root", "cache_dir", "input_dir")


@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize("value", ["bert-base-uncased", "org/bert", "imdb"])
def test_names_of_a_hub_are_no_folders_unless_they_are_there(
    value: str, is_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = value.partition("/")[0]
    if is_there:
        (tmp_path / value).mkdir(parents=True)
        (tmp_path / value / "rows.csv").write_text("1\n")
    options = "".join(f"p.add_argument('--{name}', default={value!r})\n" for name in OF_HUB)
    options += "".join(f"p.add_argument('--{name}', default='lies_{name}')\n" for name in FOLDERS)
    Path("t.py").write_text(f"{SAVING}{options}a = p.parse_args()\ntorch.save(a.lr, 'last.pt')\nprint('val_loss: 1')\n")
    study = studyfile.read_file(write_study_file("t.py")[0], schema=registry.schema)
    links = study.trainer.settings["links"]
    assert isinstance(links, list)
    assert (first in links) is is_there
    assert {f"lies_{name}" for name in FOLDERS} <= set(links)


IMPORTS = {
    "from a module": "from {0}.modeling import net\n",
    "of two modules": "from {0}.data import rows\nfrom {0}.modeling import net\n",
    "a module": "import {0}.modeling\n",
    "of a module in a module": "from {0}.modeling.heads import net\n",
}


@pytest.mark.parametrize("imported", IMPORTS)
def test_a_folder_with_the_name_of_a_package_is_it_where_the_modules_are_in_it(
    imported: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, kind in itertools.product(("fitted", "pkg"), ("absent", "file", "folder")):
        folder = tmp_path / kind / name
        folder.mkdir(parents=True)
        (folder / "train.py").write_text(IMPORTS[imported].format(name))
        for module in ("data", "modeling") if kind != "absent" else ():
            path = folder / f"{module}.py" if kind == "file" else folder / module / "__init__.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text("")
        monkeypatch.chdir(folder)
        start, words = how_to_start(Path("train.py"))
        expected = (
            (folder, ["python", "train.py"]) if kind == "absent" else (folder.parent, ["python", "-m", f"{name}.train"])
        )
        assert (start, words) == expected
