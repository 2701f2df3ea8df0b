"""Folders that a script reads or writes into: a trial reads what a run by hand does, and changes nothing there."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from hptui import studyfile
from hptui.operations.new import write_study_file
from hptui.trainers import registry
from tests.operations.test_new_places import started

SOURCE = """import json, os, pickle
from pathlib import Path


class torch:
    @staticmethod
    def save(value, path):
        with open(path, 'w') as file:
            file.write(json.dumps(value))


LR = 0.25
{read}
{write}
print('RECEIVED', json.dumps(rows))
print(f'val_loss: {{LR}}')
torch.save(LR, 'model.pt')
"""
READS = {
    "a text": "rows = open('{0}/deep/er/rows.txt').read()",
    "with a dot": "rows = open('./{0}/deep/er/rows.txt').read()",
    "joined": "rows = open(os.path.join('{0}', 'deep', 'er', 'rows.txt')).read()",
    "a path": "rows = (Path('{0}') / 'deep' / 'er' / 'rows.txt').read_text()",
    "a constant": "ROOT = '{0}/deep'\nwith open(f'{{ROOT}}/er/rows.txt') as f:\n    rows = f.read()",
    "a listing": "rows = sorted(os.listdir('{0}/deep/er'))",
    "a name that is computed": "rows = [open(f'{0}/deep/er/{{name}}.txt').read() for name in ('rows',)]",
    "not read": "rows = 1",
}
WRITES = {
    "nothing": "",
    "a model": "torch.save(LR, '{0}/model.pt')",
    "a log": "with open('{0}/log.txt', 'w') as f:\n    f.write('new')",
    "deeper": "open('{0}/deep/log.txt', 'w').write('new')",
    "in a folder that it makes": "os.makedirs('{0}/made', exist_ok=True)\ntorch.save(LR, '{0}/made/model.pt')",
    "a name that is computed": "for e in range(2):\n    torch.save(LR, f'{0}/model_{{e}}.pt')",
}
FOLDERS = ("data", "corpus", "results", "checkpoints")


def content(folder: Path) -> dict[str, str]:
    """The files of a folder, with what is in them."""
    return {str(file.relative_to(folder)): file.read_text() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.mark.process
@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("read", READS)
def test_a_trial_reads_what_a_run_by_hand_does_and_leaves_it_as_it_is(
    read: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = [*READS].index(read) + FOLDERS.index(name)
    for number, write in [*enumerate(WRITES)][shift % 2 :: 2]:  # every other pair of a way to read and one to write
        folder = tmp_path / str(number)
        (folder / name / "deep" / "er").mkdir(parents=True)
        (folder / name / "deep" / "er" / "rows.txt").write_text("1,2\n")
        (folder / name / "model.pt").write_text("9")  # of an earlier run
        (folder / name / "log.txt").write_text("old")
        monkeypatch.chdir(folder)
        Path("train.py").write_text(SOURCE.format(read=READS[read].format(name), write=WRITES[write].format(name)))
        path, notes = write_study_file("train.py")
        study = studyfile.read_file(path, schema=registry.schema)
        before = content(folder / name)
        if study.trainer.settings.get("workdir") != "{trial_dir}":  # then the user is told so
            assert any("all trials start in one directory" in note for note in notes)
            assert write != "nothing", notes
            assert read not in NAMED, (write, notes)
            continue
        received = started(study, folder, 0, 0.5)
        assert content(folder / name) == before, (write, notes)
        by_hand = subprocess.run([sys.executable, "train.py"], capture_output=True, text=True)
        assert f"RECEIVED {json.dumps(received)}" in by_hand.stdout, (write, notes, by_hand.stderr)


NAMED = ("a text", "with a dot", "joined", "a path", "not read")
"""Ways to read that name the file: such a script never stays where it is."""
KINDS = [*itertools.product(FOLDERS, ("root='{0}', download=True", "'./{0}', download=True", "'{0}/sets'"))]


@pytest.mark.parametrize(("name", "given"), KINDS)
def test_a_folder_of_a_data_set_is_one_for_all_trials(
    name: str, given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = f"from torchvision import datasets\nrows = datasets.MNIST({given.format(name)})"
    Path("train.py").write_text(SOURCE.format(read=made, write=""))
    path, _ = write_study_file("train.py")
    assert studyfile.read_file(path, schema=registry.schema).trainer.settings["links"] == [name]
