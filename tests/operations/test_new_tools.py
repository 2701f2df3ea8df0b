"""`hptui new` on files of tools that fine-tune from a file alone: a study whose trials they read."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from hptui import studyfile
from hptui.core.errors import UserError
from hptui.core.trial import TrialStatus
from hptui.operations.check import check, preflight
from hptui.operations.new import write_study_file
from hptui.trainers import registry
from tests.support import kill_all, rest, run, trials

PROGRAM = """#!{python}
import os, sys, yaml
settings = yaml.safe_load(open(sys.argv[-1]))
os.makedirs(settings["output_dir"])  # it is the trial's own, or this fails
for epoch in (1, 2):
    loss = settings["learning_rate"] * 1000 + settings["seed"] / epoch
    print({{"loss": 9.0, "learning_rate": settings["learning_rate"], "epoch": epoch}})
    print({{"eval_loss": loss, "eval_runtime": 0.1, "epoch": epoch}})
"""
FILES: dict[str, tuple[str, dict[str, Any]]] = {
    "LLaMA-Factory": (
        "llamafactory-cli",
        {"model_name_or_path": "some/model", "stage": "sft", "finetuning_type": "lora", "lora_rank": 8, "val_size": 0.1,
         "eval_strategy": "steps", "do_train": True, "learning_rate": 1.0e-4},
    ),
    "axolotl": (
        "axolotl",
        {"base_model": "some/model", "datasets": [{"path": "a", "type": "alpaca"}], "val_set_size": 0.1, "lora_r": 16,
         "micro_batch_size": 2, "learning_rate": 0.0002, "adapter": "lora"},
    ),
    "trl": (
        "trl",
        {"model_name_or_path": "some/model", "dataset_name": "data", "eval_strategy": "epoch", "lora_r": 16,
         "learning_rate": 2.0e-4},
    ),
}  # fmt: skip
OUTPUTS: tuple[dict[str, Any], ...] = ({}, {"output_dir": "saves/lora"}, {"output_dir": "./out", "seed": 7})


def written(folder: Path, tool: str, more: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[str]]:
    """Return the study file of a tool's file, and its notes; a program of the tool's name is on the path."""
    program, settings = FILES[tool]
    monkeypatch.chdir(folder)
    (folder / "lora.yaml").write_text(yaml.safe_dump({**settings, **more}, sort_keys=False))
    place = folder / "bin" / program
    place.parent.mkdir()
    place.write_text(PROGRAM.format(python=sys.executable))
    place.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place.parent}{os.pathsep}{os.environ['PATH']}")
    path, notes = write_study_file("lora.yaml")
    return folder / path, notes


@pytest.mark.parametrize(("tool", "more"), [*zip(FILES, OUTPUTS, strict=True)])
def test_every_trial_of_a_tools_file_gets_its_own_settings(
    tool: str, more: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, notes = written(tmp_path, tool, more, monkeypatch)
    study = check(path).study
    assert (study.objective.metric, study.objective.goal) == ("eval_loss", "minimize")
    assert preflight(study) == []
    assert [note for note in notes if "evaluate" in note] == []
    home = tmp_path / "home"
    try:
        sd = rest(run(home, str(path), trials="2").sd)
    finally:
        kill_all(home)
    recorded = trials(sd)
    assert [trial.status for trial in recorded] == [TrialStatus.COMPLETE] * 2
    for trial in recorded:
        rate = trial.params.get("learning_rate", FILES[tool][1]["learning_rate"])
        assert trial.values is not None
        assert trial.values["eval_loss"] == pytest.approx(float(str(rate)) * 1000 + trial.seed / 2)


@pytest.mark.parametrize("tool", FILES)
def test_a_file_that_evaluates_nothing_is_said(tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    off = {"val_size": 0, "eval_strategy": "no", "val_set_size": 0.0}
    path, notes = written(tmp_path, tool, off, monkeypatch)
    assert any("evaluate nothing" in note for note in notes)
    assert tomllib.loads(path.read_text())["objective"]["metric"] == "loss"


@pytest.mark.parametrize("tool", FILES)
def test_lists_of_tables_stay_in_the_file(tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = written(tmp_path, tool, {"parts": [{"a": 1}], "words": ["q", "v"]}, monkeypatch)
    settings = studyfile.read_file(path, schema=registry.schema).trainer.settings
    assert "parts" not in settings
    assert settings["words"] == ["q", "v"]


@pytest.mark.parametrize("keys", [{}, {"stage": "sft"}, {"base_model": "m"}, {"optimizer": {"lr": 0.1}}])
def test_another_file_is_still_called_what_it_is(keys: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(yaml.safe_dump({"epochs": 3, **keys}))
    with pytest.raises(UserError, match="format of its own"):
        write_study_file(str(tmp_path / "own.yaml"), tmp_path / "s.toml")
