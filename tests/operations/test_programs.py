"""`hptui new` on programs that take parameters in ways of many tools: what it lists, and what then reaches them."""

from __future__ import annotations

import importlib.util
import math
import os
import random
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from hptui.core.space import Float
from hptui.core.study import Study
from hptui.operations.check import check
from hptui.operations.new import write_study_file
from hptui.scripts.arguments import compose_command
from hptui.scripts.metrics.columns import PrintedTableReader
from hptui.scripts.preflight import preflight
from hptui.scripts.settings import read_command_spec

PROGRAMS = yaml.safe_load((Path(__file__).parents[1] / "clients" / "programs.yaml").read_text())
NAMES = {
    "LR": ("learning_rate", "lr", "base_lr"),
    "WIDTH": ("hidden_dim", "width"),
    "DROP": ("dropout", "attn_dropout"),
}
DEFAULTS = {"LR": 0.03, "WIDTH": 48, "DROP": 0.15}
BODY = """import math
val = abs(math.log10(lr) + 2) + width / 1000 + drop
print(f"epoch 1 train_loss {val + 1:.6f}")
print(f"val_loss: {val:.6f}")
"""
OTHER_NAMES = {"destinations": {"LR": ("rate", "lr"), "DROP": ("left_out", "keep_out")}}
"""Programs whose parameters have another name than their flag."""
DEMANDED = {"namespace_subclass": ("LR",)}
"""Parameters without a default, for which a guess stands."""


def filled(text: str, names: dict[str, str]) -> str:
    lines = []
    for line in text.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        lines.append(textwrap.indent(BODY, indent) if line.strip() == "BODY" else line)
    text = "\n".join(lines) + "\n"
    for token in ("NLR", "LR", "WIDTH", "DROP"):
        text = text.replace(token, names[token.removeprefix("N")])
    return text


def written(name: str, folder: Path) -> dict[str, str]:
    """The names of the three parameters of a program, which is laid into a folder."""
    drawn = random.Random(name)
    names = {token: drawn.choice(choices) for token, choices in NAMES.items()}
    for file, text in PROGRAMS[name]["files"].items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(filled(text, names))
    return names


def key_of(study: Study, name: str, token: str, names: dict[str, str]) -> str:
    """The study's key of a parameter, whatever stands before its last dot."""
    renamed = study.trainer.settings.get("names") or {}
    wanted = {names[token], names[token].upper(), *OTHER_NAMES.get(name, {}).get(token, ())}
    keys = [*study.trainer.settings, *(one.name for one in study.space.parameters)]
    spelled = {key: renamed.get(key, key).rpartition(".")[2].replace("-", "_") for key in keys}
    return next(key for key, text in spelled.items() if text in wanted)


def value_with(study: Study, params: dict[str, Any], folder: Path) -> float:
    """The loss that the script prints when it is started with these parameters."""
    spec = read_command_spec({**study.trainer.settings, **params})
    output = folder / "trial"
    facts = dict.fromkeys(("number", "attempt", "gpu", "threads", "port", "cache", "checkpoint", "study_dir"), "0")
    facts |= {"seed": "1", "trial_dir": str(output), "python": sys.executable}
    composed = compose_command(spec, facts, folder, output)
    for path, text in composed.files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if composed.unnamed_copy is not None:  # the tap gives it to the script; here it takes the file's place
        (folder / str(spec.settings.config)).write_text(composed.unnamed_copy.read_text())
    words = [sys.executable, *composed.words[1:]]
    environment = {**os.environ, **composed.environment}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    readings = [one for line in done.stdout.splitlines() for one in PrintedTableReader(("val_loss",)).read_all(line)]
    return next(reading.metrics["val_loss"] for reading in readings if "val_loss" in reading.metrics)


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_a_program_takes_is_listed_and_reaches_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing := [need for need in PROGRAMS[name].get("needs", ()) if importlib.util.find_spec(need) is None]:
        pytest.skip(f"{missing} is not installed")
    monkeypatch.chdir(tmp_path)
    names = written(name, tmp_path)
    path, _ = write_study_file("train.py")
    study = check(path).study
    assert preflight(study.trainer.settings, str(tmp_path), run_help=False).warnings == []
    assert (study.objective.metric, study.objective.goal) == ("val_loss", "minimize")
    keys = {token: key_of(study, name, token, names) for token in NAMES}
    settings = dict(study.trainer.settings)
    for token, default in DEFAULTS.items():
        listed = settings.get(keys[token])
        assert token in DEMANDED.get(name, ()) or listed in (default, [default]), token
    [searched] = study.space.parameters
    assert (searched.name, type(searched)) == (keys["LR"], Float)
    tried = {keys["LR"]: 0.02, keys["WIDTH"]: 64, keys["DROP"]: 0.25}
    if isinstance(settings.get(keys["DROP"]), list):
        tried[keys["DROP"]] = [0.25]
    assert value_with(study, tried, tmp_path) == pytest.approx(abs(math.log10(0.02) + 2) + 0.064 + 0.25, abs=1e-5)
