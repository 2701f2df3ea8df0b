"""Scripts that are not given the seed of a trial: what a report says of their repeats is what these can show."""

import random

import pytest

from hptui import studyfile
from hptui.core.trial import Role
from hptui.results.analysis.seeding import is_seed_name, seeding_of
from hptui.results.document import render_markdown
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from tests.results.kit import view_of
from tests.results.seeds import one
from tests.results.test_comparisons import repeat

FILE = """
name = "script"
[objective]
metric = "val_loss"
[trainer]
kind = "command"
command = {command}
{more}
lr = 0.1
[space]
lr = {{ low = 0.01, high = 1.0, log = true }}
{searched}
[search]
sampler = "random"
trials = 20
"""
GIVEN = {
    "option": ('["python", "a.py", "--seed", "{seed}"]', "", ""),
    "variable": ('["python", "a.py"]', 'env = { PL_GLOBAL_SEED = "{seed}" }', ""),
    "parameter": ('["python", "a.py"]', 'seed = "{seed}"', ""),
    "override": ('"python a.py trainer.seed={seed}"', "", ""),
}
FIXED = {
    "option": ('["python", "a.py", "--seed", "42"]', "", ""),
    "with =": ('["python", "a.py", "--random-seed=42"]', "", ""),
    "override": ('"python a.py trainer.seed=42"', "", ""),
    "parameter": ('["python", "a.py"]', "random_state = 42", ""),
    "renamed": ('["python", "a.py"]', 'start = 42\nnames = { start = "seed" }', ""),
    "searched": ('["python", "a.py"]', "seed = 1", "seed = { choices = [1, 2] }"),
}
NONE = {
    "nothing": ('["python", "a.py"]', "", ""),
    "a part's": ('["python", "a.py", "--data-seed", "3"]', "split_seed = 4", ""),
    "a path": ('["python", "a.py"]', 'metrics = "{trial_dir}/{seed}.csv"', ""),
}
KNOWN_TO_TRAINERS = ("with other seeds", "noise between seeds", "paired by seed", "The seed changes nothing")
"""Words that are true only where a run is given its seed."""
CASES = [(kind, name) for kind, cases in (("given", GIVEN), ("fixed", FIXED), ("none", NONE)) for name in cases]


def file_of(kind, name):
    command, more, searched = {"given": GIVEN, "fixed": FIXED, "none": NONE}[kind][name]
    return FILE.format(command=command, more=more, searched=searched)


def text_of(kind, name, seed, *, repeated=0, dead=False):
    die = random.Random(seed)
    text = file_of(kind, name)
    searched = {"seed": 1} if "choices" in text else {}
    trials = [
        one(n, {"lr": 0.02 + n / 40, **searched}, {"val_loss": round(1 + die.random(), 5)}, seed=1) for n in range(8)
    ]
    trials[0] = one(0, {}, {"val_loss": 1.9}, seed=1, role=Role.BASELINE)
    best = min(trials, key=lambda trial: trial.values["val_loss"])
    own = best.values["val_loss"]
    for number, level in ((best.number, own), (0, 1.9)) if repeated else ():
        repeat(trials, number, [level if dead else level + die.gauss(0, 0.02) for _ in range(repeated)], 100)
    return render_markdown(compose_report(ReportData(view_of(trials, text)))).text


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_whether_a_script_is_given_its_seed(kind, name):
    seeding = seeding_of(studyfile.read_text(file_of(kind, name)))
    assert seeding.is_given == (kind == "given")
    assert bool(seeding.name) == (kind == "fixed")
    assert seeding.value == (None if kind != "fixed" or name == "searched" else 42)


def test_a_trainer_in_python_and_a_configuration_file_that_is_not_read():
    assert seeding_of(studyfile.read_text(FILE.format(command='"a"', more='config = "c.yaml"', searched=""))).is_given
    made = file_of("none", "nothing").replace('"command"', '"a:b"').replace('command = ["python", "a.py"]', "")
    assert seeding_of(studyfile.read_text(made)).is_given


@pytest.mark.parametrize("name", ["seed", "random_seed", "train.seed", "torch-seed", "random_state", "SEED"])
def test_names_of_seeds(name):
    assert is_seed_name(name)
    assert not is_seed_name(f"{name}s")
    last = name.rpartition(".")[2]
    assert not any(is_seed_name(f"{part}_{last}") for part in ("data", "split", "eval", "noise"))


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_advice_to_repeat_says_what_a_repeat_shows(kind, name):
    text = text_of(kind, name, 1)
    (advice,) = (part for part in text.splitlines() if part.startswith("- **Next"))
    assert "--repeat best --seeds 3" in advice
    assert ("is given no seed: a repeat shows randomness of its own, or nothing if it fixes" in advice) == (
        kind == "none"
    )
    assert ("each time: a repeat shows what else is random, or nothing" in advice) == (kind == "fixed")
    if kind == "fixed":
        assert (" 42 each time" if name != "searched" else "`seed` of the configuration each time") in advice


@pytest.mark.parametrize("repeated", [1, 2, 3])
@pytest.mark.parametrize(("kind", "name"), CASES)
def test_repeats_are_called_runs_with_other_seeds_only_where_they_were_given_them(kind, name, repeated):
    for seed in range(3):
        for dead in (False, True):
            text = text_of(kind, name, seed, repeated=repeated, dead=dead)
            said = [words for words in KNOWN_TO_TRAINERS if words in text]
            assert kind == "given" or not said
            if kind == "given" and repeated > 1:
                assert said
            if dead and repeated > 1:
                assert "say nothing about noise" in text
