"""Ranges that make no sense: facts of the data, counters, and names that mean something else for boosted trees."""

from __future__ import annotations

import itertools

import pytest

from hptui.scripts.inspect import inspect_script
from hptui.scripts.inspect.ranges import typical_range
from hptui.scripts.inspect.syntax import ScriptOption

COUNTS = [f"{n}_{what}" for n in ("n", "num", "nb") for what in ("columns", "classes", "features", "items", "actions")]
SIZES = [f"{a}_{b}" for a, b in itertools.product(("input", "output", "in", "state", "image", "img"), ("dim", "size"))]
COUNTERS = ["counter", "best_acc", "step_counter", "current_lr", "prev_loss", "hits_so_far"]
TUNED = ["hidden_dim", "num_layers", "batch_size", "learning_rate", "embed_dim", "n_estimators", "num_heads", "width"]


@pytest.mark.parametrize("name", [*COUNTS, *SIZES, *COUNTERS])
@pytest.mark.parametrize("spelled", [str.lower, str.upper, lambda name: f"CFG.{name}"])
def test_facts_of_the_data_and_counters_are_not_offered(name, spelled):
    assert typical_range(ScriptOption(spelled(name), spelled(name), "int", 12)) is None


@pytest.mark.parametrize("name", TUNED)
def test_hyperparameters_are_offered_still(name):
    assert typical_range(ScriptOption(name, name, "int", 12)) is not None


@pytest.mark.parametrize("library", ["xgboost", "torch", "sklearn"])
@pytest.mark.parametrize("name", ["gamma", "alpha"])
@pytest.mark.parametrize("value", [0, 0.0, 0.1, 1, 2.0])
def test_a_penalty_of_boosted_trees_is_no_decay_and_no_scale_of_lora(library, name, value, tmp_path):
    (path := tmp_path / "train.py").write_text(f"import {library}\np = dict({name}={value}, eta=0.3)\nfit(p)\n")
    [option] = [option for option in inspect_script(path).options if option.name == f"p.{name}"]
    entry = typical_range(option)
    if library == "xgboost":
        assert entry is not None
        low, high = str(entry[0]).removesuffix(" log").split("..")
        assert float(low) <= (value or float(low)) <= float(high)
        assert float(high) > 1 or value == 0.1
        assert "int" not in str(entry[0])
    elif name == "gamma" and (value == 0 or value > 1):
        assert entry is None or "0.999" not in str(entry[0])
