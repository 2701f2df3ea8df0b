"""Commands in the head of a script: the data and the model that its options do not name by default."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.operations.new import write_study_file
from hptui.studyfile import read_file
from hptui.trainers import registry

STARTS = ("python {name}", "python examples/{name}", "accelerate launch --num_processes 2 {name}", "$ python -u {name}")
HEADS = ('"""Train.\n\n```bash\n{}\n```\n"""', '"""\n    {}\n"""', "# Usage:\n#   {}\n")
ARGUMENTS = (
    "--model_name_or_path Qwen/Qwen2-0.5B \\\n    --dataset_name org/data --resume old.pt --learning_rate 3e-4"
    " --note '<|end|>'"
)
OPTIONS = (
    "import argparse\np = argparse.ArgumentParser()\np.add_argument('--model_name_or_path')\n"
    "p.add_argument('--dataset_name', type=str, default=None)\np.add_argument('--resume', default=None)\n"
    "p.add_argument('--note', default='')\np.add_argument('--learning_rate', type=float, default=1e-3)\n"
    "a = p.parse_args()\nprint(f'val_loss: {a.learning_rate:.4f}')\n"
)


@pytest.mark.parametrize(("start", "head"), [*itertools.product(STARTS, HEADS)])
def test_what_is_trained_is_as_the_head_of_a_script_says(
    start: str, head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    line = f"{start.format(name='train.py')} {ARGUMENTS}"
    line = line.replace("\n", "\n#") if head.startswith("#") else line
    Path("train.py").write_text(
        head.format(line.replace("\\", "\\\\") if head.startswith('"') else line) + "\n" + OPTIONS
    )
    path, notes = write_study_file("train.py")
    settings = read_file(path, schema=registry.schema).trainer.settings
    assert settings["model_name_or_path"] == "Qwen/Qwen2-0.5B"
    assert settings["dataset_name"] == "org/data"
    assert settings["learning_rate"] == 1e-3
    assert "resume" not in settings
    assert any("as the head of train.py starts it" in note for note in notes)


@pytest.mark.parametrize("value", ["<data>", "path/to/data", "$DATA", "[DATA]", "{data}", "...", "/path/to/your/data"])
@pytest.mark.parametrize("name", ["train.py", "other.py"])
def test_what_stands_for_a_value_is_none(
    value: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = value if name == "train.py" else "org/data"
    Path("train.py").write_text(f'"""python {name} --dataset_name {given}"""\n{OPTIONS}')
    assert "dataset_name" not in read_file(write_study_file("train.py")[0], schema=registry.schema).trainer.settings


@pytest.mark.parametrize("default", ["ROOT / 'data' / 'toy.yaml'", "os.environ['DATA']", "find_data()"])
def test_a_default_that_is_not_seen_is_one(default: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = OPTIONS.replace("type=str, default=None", f"type=str, default={default}")
    Path("train.py").write_text(f'"""python train.py --dataset_name toy.yaml"""\n{options}')
    assert "dataset_name" not in read_file(write_study_file("train.py")[0], schema=registry.schema).trainer.settings
