"""Settings of ml_collections: files that `--config` names, also where no default does."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.operations.new import write_study_file
from hptui.scripts.inspect import inspect_script

SCRIPT = """
import torch
from absl import app, flags
from ml_collections import config_flags
flags.DEFINE_float("clip", 1.0, "")
config_flags.DEFINE_config_file("config", {default})
def main(argv):
    torch.save(model.state_dict(), "model.pt")
    print(f"val_loss: {{loss:.4f}}")
app.run(main)
"""
SETTINGS = """
import ml_collections
def get_config():
    config = ml_collections.ConfigDict()
    config.lr = {rate}
    config.model = ml_collections.ConfigDict(dict(width=8))
    return config
"""
FOLDERS = ("configs", "config", ".")


def project(place: Path, files: dict[str, float], default: str = "None") -> Path:
    """Write a script and files of settings, each with a learning rate; return the script."""
    for name, rate in files.items():
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(SETTINGS.format(rate=rate))
    (place / "main.py").write_text(SCRIPT.format(default=default))
    (place / "data.py").write_text("def load():\n    return []\n")
    return place / "main.py"


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("names", [("tiny",), ("default",), ("big", "default"), ("default", "zoo")])
def test_the_default_or_only_file_beside_a_script_is_guessed(
    folder: str, names: tuple[str, ...], tmp_path: Path
) -> None:
    files = {f"{folder}/{name}.py": 0.1 * (number + 1) for number, name in enumerate(names)}
    script = inspect_script(project(tmp_path, files))
    chosen = "default" if "default" in names else names[0]
    place = (Path(folder) / f"{chosen}.py").as_posix()
    assert script.words == [f"--config={place}"]
    values = {option.name: option.default for option in script.options}
    assert values == {"clip": 1.0, "config.lr": files[f"{folder}/{chosen}.py"], "config.model.width": 8}
    assert any("guess" in note and place in note for note in script.notes)


@pytest.mark.parametrize("names", [(), *itertools.combinations(("big", "small", "zoo"), 2)])
def test_no_file_is_guessed_among_several(names: tuple[str, ...], tmp_path: Path) -> None:
    script = inspect_script(project(tmp_path, {f"configs/{name}.py": 0.1 for name in names}))
    assert script.words == []
    assert [option.name for option in script.options] == ["clip"]
    assert any("put it into the command" in note for note in script.notes)


def test_a_default_is_no_guess(tmp_path: Path) -> None:
    files = {"configs/default.py": 0.1, "configs/small.py": 0.3}
    script = inspect_script(project(tmp_path, files, default='"configs/small.py"'))
    assert script.words == []
    assert {option.name: option.default for option in script.options}["config.lr"] == 0.3


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_script_that_is_given_a_file_of_settings_starts_where_that_is(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "study.toml"
    write_study_file(str(project(tmp_path, {f"{folder}/default.py": 0.1})), place)
    text = place.read_text()
    assert f'"--config={(Path(folder) / "default.py").as_posix()}"' in text
    assert "workdir" not in text
    (tmp_path / folder / "default.py").unlink()
    write_study_file("main.py", tmp_path / "without.toml")
    assert 'workdir = "{trial_dir}"' in (tmp_path / "without.toml").read_text()  # it saves a model where it starts
