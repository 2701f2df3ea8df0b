"""Published laws: the value they give, where they are silent, and the one trial that they propose."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from hptui.core.laws import HIGHEST_RATE, lora_rate, step_law
from hptui.core.parameters import Choice, Float, Int
from hptui.core.study import Study
from hptui.core.trial import Role
from hptui.operations.check import check
from hptui.operations.new import write_study_file
from hptui.operations.runner_process import defaults_of, laws_of
from hptui.search.laws import law_in_space, law_proposal
from tests.support import run_to_rest, trials

FILE = """
name = "laws"
[objective]
metric = "{metric}"
[trainer]
kind = "{kind}"
{trainer}
[space]
{space}
[search]
sampler = "random"
trials = 3
{search}
"""
TEXT = 'text = "text.txt"\nmodel_dim = 16\nnum_layers = 1\nnum_heads = 1\nmax_seq_len = 16\nbatch_size = 4\n'
TEXT += "steps = 2\neval_every = 2\neval_batches = 1\nsample_chars = 0\nthreads = 1"
RATE = 'learning_rate = "1e-6..1.0 log"'


def study(folder: Path, kind: str, trainer: str, space: str = RATE, search: str = "") -> Path:
    (folder / "text.txt").write_text("to be or not to be\n" * 400)
    path = folder / "laws.toml"
    metric = {"charlm": "val_loss", "sft": "eval_loss", "toy": "loss"}[kind]
    path.write_text(FILE.format(kind=kind, metric=metric, trainer=trainer, space=space, search=search))
    return path


def proposed(path: Path) -> dict[str, Any] | None:
    spec: Study = check(path).study
    base = {**defaults_of(spec), **spec.trainer.settings}
    first = law_proposal(spec, base, laws_of(spec, base), ())
    return None if first is None else dict(first[0].params)


def test_the_formulas_are_those_of_their_sources() -> None:
    rate, batch = step_law(214_663_680, 100e9)
    assert rate == pytest.approx(1.79 * 214_663_680**-0.713 * 100e9**0.307)
    assert 1e-3 < rate < 6e-3
    assert 5e5 < batch < 2e6
    assert step_law(1e4, 1e6)[0] == HIGHEST_RATE
    assert lora_rate(2000, "llama").value == lora_rate(2000, "qwen2").value == pytest.approx(5e-4)
    assert lora_rate(4096, "llama").value == pytest.approx(5e-4 * (2000 / 4096) ** 0.781)
    assert lora_rate(4096, "qwen2", rslora_rank=16).value == pytest.approx(5e-4 * (2000 / 4096) ** 0.0775 / 4)
    assert "between" in lora_rate(4096, "gemma").why


def test_a_law_lies_in_the_space_or_is_not_proposed() -> None:
    cases: list[tuple[Any, float, Any]] = [
        (Float("x", 1e-4, 1e-2, log=True), 1e-3, 1e-3),
        (Float("x", 1e-4, 1e-2, log=True), 2e-2, None),
        (Float("x", 0.0, 1.0, step=0.25), 0.3, 0.25),
        (Int("x", 1, 64), 9.6, 10),
        (Int("x", 1, 64), 65.0, None),
        (Choice("x", (1e-4, 1e-3, 1e-2)), 2e-3, 1e-3),
        (Choice("x", (1e-4, 1e-3, 1e-2)), 2e-2, None),
        (Choice("x", ("a", "b")), 1.0, None),
    ]
    for parameter, value, expected in cases:
        assert law_in_space(parameter, value) == expected, (parameter, value)


@pytest.mark.parametrize(
    ("trainer", "space", "speaks"),
    [
        ("", RATE, True),
        ("lora_alpha = 16.0", RATE, False),
        ("", RATE + '\nlora_alpha = "8..64"', False),
        ("", RATE + '\nlora_rank = "4..64"', True),
        ("rslora = true", RATE, True),
        ("rslora = true", RATE + '\nlora_rank = "4..64"', False),
        ('adapter = "none"', RATE, True),
        ("", 'learning_rate = "1e-2..1.0 log"', False),
        ("", 'weight_decay = "1e-3..1.0 log"', False),
    ],
)
def test_the_rule_for_lora_speaks_only_where_it_was_measured(
    tmp_path: Path, trainer: str, space: str, speaks: bool
) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "config.json").write_text(json.dumps({"hidden_size": 1536, "model_type": "qwen2"}))
    (tmp_path / "train.jsonl").write_text('{"prompt": "a", "completion": "b"}\n' * 20)
    path = study(tmp_path, "sft", f'model = "base"\ntrain = "train.jsonl"\n{trainer}', space)
    found = proposed(path)
    assert (found is not None) == speaks
    if found:
        expected = 5e-4 * (2000 / 1536) ** 0.0775
        expected /= 4 if "rslora" in trainer else 10 if "none" in trainer else 1
        assert found["learning_rate"] == pytest.approx(expected)
    (tmp_path / "base" / "config.json").write_text("{")
    assert proposed(path) is None


def test_it_is_the_first_trial_of_the_search_once_and_says_so(home: Path, tmp_path: Path) -> None:
    sd = run_to_rest(home, study(tmp_path, "charlm", TEXT))
    baseline, first, second = trials(sd)
    assert (baseline.role, first.role, second.role) == (Role.BASELINE, Role.SEARCH, Role.SEARCH)
    assert (first.engine, second.engine) == ("law", "random")
    assert first.params["learning_rate"] == pytest.approx(HIGHEST_RATE)
    assert "arXiv:2503.04715" in first.note
    assert "laws = false" in first.note
    assert second.note == ""


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    on = check(study(tmp_path, "charlm", TEXT))
    assert "Step Law" in str(on.facts["law"])
    for search in ("laws = false", "warm_start = []\nlaws = false"):
        off = check(study(tmp_path, "charlm", TEXT, search=search))
        assert not off.study.search.laws
        assert "law" not in off.facts
    assert "law" not in check(study(tmp_path, "toy", "", 'learning_rate = "1e-5..1e-1 log"')).facts


def test_a_new_study_has_the_range_of_the_law(tmp_path: Path) -> None:
    path, notes = write_study_file("charlm", tmp_path / "with.toml")
    spec = check(path).study
    [rate] = spec.space.parameters
    assert isinstance(rate, Float)
    assert (rate.low, rate.high, rate.log) == (1e-3, HIGHEST_RATE, True)
    assert "Step Law" in path.read_text()
    assert "laws = false" in notes[0]
    plain, silent = write_study_file("charlm", tmp_path / "without.toml", laws=False)
    spec = check(plain).study
    assert (spec.search.laws, silent, "Step Law" in plain.read_text()) == (False, [], False)
    assert math.isclose(spec.space.parameters[0].low, 1e-4)  # type: ignore[union-attr]
