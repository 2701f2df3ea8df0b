"""Recipes that a script is given by their place: found, listed, and left in the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui.scripts.inspect import inspect_script

SOURCE = """from kit import {parser}, ModelArguments
from trl import ORPOConfig, ORPOTrainer
def main():
    model_args, args = {parser}((ModelArguments, ORPOConfig)).parse()
    trainer = ORPOTrainer(model, args=args, train_dataset=a, eval_dataset=b)
    trainer.train()
    trainer.evaluate()
main()
"""
RECIPE = "learning_rate: 5.0e-6\nbeta: 0.05\nmax_length: 2048\nbf16: true\noutput_dir: data/out\n"
FOLDERS = ["recipes", "recipes/model/orpo", "configs/orpo"]


@pytest.mark.parametrize("parser", ["H4ArgumentParser", "KitArgsParser"])
@pytest.mark.parametrize("folder", FOLDERS)
def test_the_recipe_of_a_script_stays_in_its_command(
    parser: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, name in ((folder, "orpo_full.yaml"), ("recipes/model/sft", "config.yaml")):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / name).write_text(RECIPE)
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "run_orpo.py").write_text(SOURCE.format(parser=parser))
    monkeypatch.chdir(tmp_path)
    script = inspect_script(Path("scripts/run_orpo.py"))
    assert script.words == [f"{folder}/orpo_full.yaml"]
    defaults = {option.name: option.default for option in script.options}
    assert (defaults["learning_rate"], defaults["beta"], defaults["bf16"]) == (5e-6, 0.05, True)
    assert script.style == "hf"


@pytest.mark.parametrize("usage", ["python run_orpo.py a.yaml", "accelerate launch x/run_orpo.py a.yaml --beta=1"])
def test_a_usage_names_the_recipe(usage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text(RECIPE)
    (tmp_path / "run_orpo.py").write_text(f'"""{usage}"""\n{SOURCE.format(parser="H4ArgumentParser")}')
    monkeypatch.chdir(tmp_path)
    assert inspect_script(Path("run_orpo.py")).words == ["a.yaml"]


def test_a_script_without_its_recipe_says_that_it_takes_one(tmp_path: Path) -> None:
    path = tmp_path / "run_orpo.py"
    path.write_text(SOURCE.format(parser="H4ArgumentParser"))
    assert "run_orpo.py takes a recipe: put its path behind the script in command" in inspect_script(path).notes


@pytest.mark.parametrize("parser", ["HfArgumentParser", "TrlParser"])
def test_a_parser_of_a_library_takes_no_recipe_by_its_place(parser: str, tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "orpo.yaml").write_text(RECIPE)
    path = tmp_path / "run_orpo.py"
    path.write_text(SOURCE.format(parser=parser))
    assert not inspect_script(path).words
