"""Editing the whole space: what a draft means, and what is left of the file after it is saved."""

from __future__ import annotations

import random
from pathlib import Path
from textwrap import dedent

import pytest

from hptui import studyfile
from hptui.core.command_settings import COMMAND_KEYS
from hptui.core.errors import StudyError, UserError
from hptui.core.unit_cube import fraction_of
from hptui.operations.script_space import first_entry, script_options
from hptui.operations.space import draft_of, effect_of, entry_reader, save, settings_to_search
from hptui.results.view import read_view
from hptui.store.reader import StoreReader
from hptui.trainers import registry
from hptui.tui.screens.parameter_form import _default_entry
from tests.operations.made import FILE, STAGED, make, trial
from tests.support import run_to_rest, trials

STUDY = """
name = "draft"
[objective]
metric = "loss"
[trainer]
kind = "toy"
steps = 3
[space]
# how fast
learning_rate = { low = 1e-4, high = 1e-1, log = true, note = "speed" }   # keep this
batch_size = { choices = [8, 16, 32] }
width = "8..64 int"
[search]
sampler = "random"
trials = 6
constraints = ["batch_size * width <= 1024"]
"""


@pytest.fixture(scope="module")
def sd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("space")
    (folder / "draft.toml").write_text(STUDY)
    return run_to_rest(folder / "home", folder / "draft.toml")


def test_a_draft_is_the_space_as_it_is(sd):
    draft = draft_of(sd)
    assert list(draft.entries) == ["learning_rate", "batch_size", "width"]
    assert draft.entries["learning_rate"] == {"low": 1e-4, "high": 1e-1, "log": True, "note": "speed"}
    assert draft.constraints == ("batch_size * width <= 1024",)
    with pytest.raises(UserError, match="nothing has changed"):
        save(sd, draft, "")


def test_what_a_draft_means_is_counted_on_the_trials(sd):
    found = effect_of(sd, draft_of(sd))
    assert (found.fits, found.tried, found.outside) == (6, 6, ())
    assert 0.3 < found.feasible < 1
    assert len(found.samples) == 8
    assert all(sample["batch_size"] * sample["width"] <= 1024 for sample in found.samples)
    narrow = draft_of(sd).with_entry("batch_size", {"choices": [16]})
    told = effect_of(sd, narrow)
    others = [trial.number for trial in trials(sd) if {"batch_size": 32, **trial.params}["batch_size"] != 16]
    assert list(told.outside) == others
    assert told.fits == 6 - len(others)


def test_where_the_best_stand_is_a_share_of_the_range(sd):
    places = effect_of(sd, draft_of(sd)).positions_of_best["learning_rate"]
    assert len(places) == 6
    assert all(0 <= place <= 1 for place in places)


@pytest.mark.parametrize(
    ("name", "entry", "said"),
    [
        ("learning_rate", {"low": 1.0, "high": 0.1}, "low < high"),
        ("learning_rate", {"choices": ["fast"]}, "must be a number"),
        ("lerning_rate", {"low": 0.1, "high": 1.0}, "did you mean 'learning_rate'"),
        ("width", {"expr": "2 * batch"}, "unknown name 'batch'"),
    ],
)
def test_a_draft_that_cannot_be_is_told_why(sd, name, entry, said):
    with pytest.raises(StudyError, match=said):
        effect_of(sd, draft_of(sd).with_entry(name, entry))


def test_one_entry_is_checked_while_it_is_typed(sd):
    read = entry_reader(read_view(sd).study)
    assert read("depth", {"low": 1, "high": 8, "int": True}).describe() == "1..8 int"
    with pytest.raises(StudyError, match="depth"):
        read("depth", {"low": 0.5, "high": 8.5})


def test_settings_of_the_trainer_are_offered_with_their_help(sd):
    offered = dict(settings_to_search(read_view(sd).study))
    assert "usually" in offered["dropout"]


SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--learning-rate", type=float, default=1e-3, help="step size")
parser.add_argument("--batch_size", type=int, default=32)
parser.add_argument("--optimizer", choices=["adam", "sgd"], default="adam")
parser.add_argument("--use_bias", action="store_true")
parser.add_argument("--note", default="none")
parser.add_argument("--steps", type=int, default=30)
options = parser.parse_args()
"""


def test_parameters_of_a_script_are_offered_and_none_of_the_keys_that_are_not_the_scripts(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)
    file = """
        name = "script"
        [objective]
        metric = "val_loss"
        [trainer]
        kind = "command"
        command = ["python", "train.py"]
        names = { lr = "learning_rate" }
        lr = 0.01
        depth = 3
        [space]
        lr = "1e-4..1e-1 log"
        """
    study = studyfile.read_text(dedent(file), directory=str(tmp_path))
    offered = dict(settings_to_search(study))
    assert set(offered) == {"lr", "depth", "batch_size", "optimizer", "use_bias", "note", "steps"}
    assert "step size" in offered["lr"]
    assert "0.01" in offered["lr"]
    assert not set(COMMAND_KEYS) & set(offered)
    assert _default_entry(study, "steps") == {"low": 15, "high": 60, "int": True}, "no usual range: around its value"
    assert _default_entry(study, "dropout") == {"low": 0.0, "high": 1.0}
    options = script_options(study)
    assert first_entry("optimizer", options["optimizer"]) == {"choices": ["adam", "sgd"]}
    assert first_entry("use_bias", options["use_bias"]) == {"choices": [False, True]}
    batch_size = first_entry("batch_size", options["batch_size"])
    assert batch_size is not None
    assert 32 in batch_size["choices"]
    for name, option in options.items():
        entry = first_entry(name, option)
        if entry is not None:
            assert entry_reader(study)(name, entry).name == name


def test_what_is_saved_is_a_revision_and_the_file_keeps_its_comments(sd):
    draft = draft_of(sd)
    draft = draft.with_entry("learning_rate", {"low": 1e-3, "high": 1e-1, "log": True, "note": "speed"})
    draft = draft.with_entry("width", None).with_entry("depth", {"low": 1, "high": 4, "int": True})
    draft = draft.with_entry("dropout", {"expr": "0.01 * depth"}).with_constraints(["batch_size * depth <= 64"])
    assert "written to" in save(sd, draft, "narrower")
    text = Path(read_view(sd).study.source).read_text()
    assert "# how fast" in text
    assert "# keep this" in text
    assert "width" not in text
    assert 'constraints = ["batch_size * depth <= 64"]' in text
    again = studyfile.read_file(read_view(sd).study.source, registry.schema)
    assert again.space == read_view(sd).study.space
    with StoreReader.open(sd) as reader:
        assert reader.revisions()[-1].why == "narrower"
    assert draft_of(sd).entries == draft.entries


@pytest.mark.parametrize("seed", range(12))
def test_the_best_of_a_range_are_those_that_may_be_ranked_together(home, seed):
    """Trials of another length, and those that break a condition, are not among the best."""
    rng = random.Random(seed)
    text = STAGED if seed % 2 else FILE.replace("trials = 8", 'trials = 8\n    outcome = ["cost <= 0.5"]')
    made = []
    for number in range(rng.randint(4, 20)):
        loss, cost = rng.random(), rng.random()
        more = {"params": {"width": rng.choice([16, 32, 64])}, "metrics": {"loss": loss, "cost": cost}}
        more |= {"stage": "short" if number < 3 else "long"} if seed % 2 else {}
        made.append(trial(number, "complete", "finished", values={"loss": loss, "cost": cost}, **more))
    sd = make(home, made, text)
    view = read_view(sd)
    ranked = [one for one in made if not seed % 2 or one.stage == view.best.stage]
    kept = [one for one in ranked if seed % 2 or one.metrics["cost"] <= 0.5] or ranked
    top = sorted(kept, key=lambda one: one.values["loss"])[:10]
    found = effect_of(sd, draft_of(sd))
    width = found.space.get("width")
    assert list(found.positions_of_best["width"]) == [fraction_of(width, one.params["width"]) for one in top]
