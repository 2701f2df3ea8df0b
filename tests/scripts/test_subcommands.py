"""Modules that only define functions: what their package starts as a subcommand, and what starts nothing."""

from __future__ import annotations

import itertools
import tomllib

import pytest

from hptui.operations.new_script import study_file_of_script
from hptui.scripts.inspect.subcommands import only_defines

PROGRAM = """from jsonargparse import CLI
{imports}
def main():
    {table}
    CLI({given})
if __name__ == "__main__":
    main()
"""
MODULE = """from dataclasses import dataclass
import os
@dataclass
class TrainArgs:
    epochs: int = 5
    max_norm: float = 1.0
def setup(checkpoint_dir: str, out_dir: str = "out", lr: float = 1e-3, train: TrainArgs = TrainArgs(epochs=3),
          optimizer: str = "AdamW"):
    print("val loss", 0.1)
"""


def package(tmp_path, imports, table, given):
    folder = tmp_path / "kit" / "tune"
    folder.mkdir(parents=True)
    for path in (tmp_path / "kit" / "__init__.py", folder / "__init__.py"):
        path.write_text("")
    (tmp_path / "kit" / "__main__.py").write_text(PROGRAM.format(imports=imports, table=table, given=given))
    (folder / "full.py").write_text(MODULE)
    return folder / "full.py"


IMPORTS = ["from kit.tune.full import setup as full_fn", "from .tune.full import setup as full_fn"]
TABLES = [
    ("words = {'tune': full_fn, 'tune_full': full_fn}", "words"),
    ("pass", "{'tune': full_fn, 'tune_full': full_fn, 'chat': print}"),
]


@pytest.mark.parametrize(("imports", "table"), [*itertools.product(IMPORTS, TABLES)])
def test_a_module_is_started_as_the_subcommand_that_its_package_makes_of_it(imports, table, tmp_path, monkeypatch):
    path = package(tmp_path, imports, *table)
    monkeypatch.chdir(tmp_path)
    text, notes = study_file_of_script(path, tmp_path)
    trainer = tomllib.loads(text)["trainer"]
    assert trainer["command"][:5] == ["python", "-m", "kit", "tune_full", "{checkpoint_dir}"]
    assert "--out_dir={trial_dir}/output" in trainer["command"]
    assert (trainer["style"], trainer["lr"], trainer["train.epochs"]) == ("jsonargparse", 1e-3, 3)
    assert trainer["optimizer.init_args.lr"] == 1e-3
    assert trainer["tables"] == ["optimizer", "optimizer.init_args"]
    assert any("only defines" in note for note in notes)


ACTS = ["main()", "model.fit(x)",
        "for i in range(3):\n    pass", "net = main()", "if __name__ == '__main__':\n    main()",
        "with open('a') as f:\n    pass", "try:\n    main()\nexcept OSError:\n    pass"]  # fmt: skip
ONLY = ["", "import os",
        "LR = 0.1", "logger = logging.getLogger()", "logging.basicConfig()", "__all__ = ['main']",
        "try:\n    import a\nexcept ImportError:\n    a = None", "class A:\n    pass", "'text'"]  # fmt: skip


@pytest.mark.parametrize(("lines", "is_only"), [*((text, False) for text in ACTS), *((text, True) for text in ONLY)])
def test_a_file_that_only_defines_is_told_from_one_that_acts(lines, is_only, tmp_path):
    path = tmp_path / "t.py"
    path.write_text(f"import logging\ndef main():\n    print('val loss', 0.1)\n{lines}\n")
    assert only_defines(path) is is_only
    said = study_file_of_script(path, tmp_path)[1]
    assert any("nothing runs when t.py is started" in note for note in said) is is_only


def test_nothing_of_other_installed_packages_is_linked_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = package(tmp_path, IMPORTS[0], *TABLES[0])
    path.write_text(f"{MODULE}    torch.save(net, 'model.pt')\nif __name__ == '__main__':\n    setup('a')\n")
    for other in ("torch", "nvidia", "data"):
        (tmp_path / other).mkdir()
        (tmp_path / other / "weights.bin").write_text("")
    assert set(tomllib.loads(study_file_of_script(path, tmp_path)[0])["trainer"]["links"]) >= {"torch", "nvidia"}
    (tmp_path / "kit-1.0.dist-info").mkdir()
    trainer = tomllib.loads(study_file_of_script(path, tmp_path)[0])["trainer"]
    assert trainer["workdir"] == "{trial_dir}"
    assert "links" not in trainer
