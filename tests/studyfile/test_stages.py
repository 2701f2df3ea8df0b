"""`[[stage]]` and `[[preset]]`: what is read, written back and said, and every mistake with its place."""

import pytest

from hptui.core.errors import StudyError, StudyFileErrors
from hptui.core.space import Choice
from hptui.core.stages import as_stage, comparable, stage_space
from hptui.core.study import PrunerSettings
from hptui.studyfile import describe_changes, from_json, read_text, study_warnings, to_json, with_overrides
from hptui.studyfile.write import edit_space
from hptui.trainers.registry import schema

HEAD = """
name = "days"
[objective]
metric = "loss"
[trainer]
kind = "toy"
learning_rate = 1e-3
[search]
sampler = "random"
seed = 3
"""
DAYS = """
[[stage]]
name = "rate"
sampler = "grid"
space = { learning_rate = { choices = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2] } }
[[stage]]
name = "width"
from = "best 1"
trials = 3
space = { width = "{32, 64, 128}", depth = { expr = "width // 32 + 1" } }
pruner = "median"
[[stage]]
name = "final"
from = "best"
set = { steps = 60 }
seeds = 3
"""


def read(text, head=HEAD):
    return read_text(head + text, "days.toml", schema=schema)


def said(text, head=HEAD):
    with pytest.raises(StudyError) as caught:
        read(text, head)
    return str(caught.value)


def test_the_days_of_a_search_are_read_and_written_back():
    study = read(DAYS)
    rate, width, final = study.stages
    assert [stage.searches for stage in study.stages] == [True, True, False]
    assert isinstance(rate.space.get("learning_rate"), Choice)
    assert (rate.sampler, rate.best, rate.seeds) == ("grid", None, 1)
    assert (width.best, width.trials, width.pruner.kind) == (1, 3, "median")
    assert (final.best, final.seeds, dict(final.set)) == (1, 3, {"steps": 60})
    assert from_json(to_json(study)) == study


def test_what_a_stage_leaves_out_is_as_the_study_has_it():
    study = read(DAYS)
    view = as_stage(study, study.stages[1], {"learning_rate": 3e-3})
    assert (view.search.sampler, view.search.trials, view.search.seed) == ("random", 3, 3)
    assert view.trainer.settings["learning_rate"] == 3e-3
    assert view.stages == ()
    again = as_stage(study, study.stages[2], {"width": 128})
    assert (again.search.sampler, again.search.pruner) == ("list", PrunerSettings())
    assert again.trainer.settings == {"learning_rate": 1e-3, "width": 128, "steps": 60}


def test_derived_settings_and_constraints_of_the_study_hold_in_a_stage_that_they_concern():
    text = '[space]\nwidth = { choices = [32, 64] }\ndepth = { expr = "width // 32 + 1" }\n'
    text += '[[stage]]\nname = "rate"\nspace = { learning_rate = "1e-4..1e-2 log" }\ntrials = 4\n'
    text += '[[stage]]\nname = "both"\ntrials = 4\n'
    head = HEAD.replace("seed = 3", 'constraints = ["width * learning_rate <= 1", "depth <= 3"]')
    study = read(text, head)
    rate = stage_space(study, study.stages[0])
    assert rate.names == ("learning_rate",)
    assert [one.name for one in rate.derived] == ["depth"]
    assert len(rate.constraints) == 2
    assert stage_space(study, study.stages[1]) == study.space


def test_a_constraint_concerns_only_the_stages_that_search_something_of_it():
    text = '[space]\nlearning_rate = "1e-4..1e-2 log"\n[[stage]]\nname = "rate"\ntrials = 4\n'
    text += '[[stage]]\nname = "size"\nfrom = "best 1"\nspace = { width = { choices = [32, 64] } }\ntrials = 2\n'
    study = read(text, HEAD.replace("seed = 3", 'constraints = ["width <= 64"]'))
    assert [len(stage_space(study, stage).constraints) for stage in study.stages] == [0, 1]


def test_stages_are_comparable_when_they_set_the_same():
    study = read(DAYS)
    assert comparable(study, "rate", "width")
    assert not comparable(study, "width", "final")
    assert comparable(study, "", "rate")
    assert comparable(study, "gone", "gone")


STAGE = '[[stage]]\nname = "{}"\n{}\n'
RATE = STAGE.format("rate", 'space = { learning_rate = "1e-4..1e-2 log" }\ntrials = 4')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (STAGE.format("rate", 'form = "best 1"'), "stage[0].form: unknown key 'form'\n  did you mean 'from'?"),
        ("[[stage]]\ntrials = 3", "stage[0].name: missing: what this stage is called"),
        (STAGE.format("a/b", "trials = 3"), "stage[0].name: 'a/b' cannot be the name of a stage"),
        (RATE + RATE, "stage[1].name: two stages are named 'rate'"),
        (STAGE.format("rate", 'from = "best 1"'), "stage[0].from: the first stage has none before it"),
        (RATE + STAGE.format("w", 'from = "worst"'), 'stage[1].from: cannot be "worst"'),
        (RATE + STAGE.format("w", 'from = "best 0"'), 'stage[1].from: cannot be "best 0"'),
        (RATE + STAGE.format("w", 'from = "best 2"\ntrials = 3'), "stage[1].trials: does not go with from"),
        (RATE + STAGE.format("w", 'from = "best 2"\nsampler = "gp"'), "stage[1].sampler: does not go with from"),
        (
            RATE + STAGE.format("w", 'from = "best 2"\nspace = { width = "{8, 16}" }'),
            "stage[1].from: only one trial can fix what this stage does not search, got the best 2",
        ),
        (STAGE.format("rate", "space = {}"), "stage[0].space: is empty"),
        (STAGE.format("rate", "trials = 3"), "stage[0]: stage 'rate' has nothing to search"),
        (STAGE.format("rate", "seeds = 0"), "stage[0].seeds: must be at least 1, got 0"),
        (
            STAGE.format("rate", 'space = { widht = "8..16" }\ntrials = 3'),
            "stage[0].space.widht: the trainer has no setting 'widht'\n  did you mean 'width'?",
        ),
        (
            RATE + STAGE.format("w", 'from = "best 1"\nset = { step = 9 }'),
            "stage[1].set.step: the trainer has no setting 'step'",
        ),
        (
            STAGE.format("rate", 'space = { learning_rate = "1e-4..1e-2" }\nset = { learning_rate = 1 }\ntrials = 3'),
            "stage[0].set.learning_rate: is searched in this stage",
        ),
        (
            STAGE.format("rate", 'space = { learning_rate = "1e-4..1e-2" }') + STAGE.format("w", 'from = "best"'),
            "stage[0].trials: missing: without a limit stage 'w' would never begin",
        ),
        (
            STAGE.format("rate", 'space = { learning_rate = "1e-4..1e-2 log" }\nsampler = "grid"'),
            "stage[0].space.learning_rate: a grid needs single values",
        ),
        (STAGE.format("rate", 'sampler = "list"\ntrials = 3'), "stage[0].sampler: a stage has no list of its own"),
        (RATE.replace("trials = 4", 'pruner = "medain"'), "stage[0].pruner: unknown pruner 'medain'"),
        ("[[preset]]\nset = { width = 8 }", "preset[0].name: missing"),
        ('[[preset]]\nname = "small"', "preset[0].set: missing: what this preset changes"),
        ('[[preset]]\nname = "best"\nset = {}', "preset[0].name: 'best' would be taken for another trial"),
        (RATE + '[[preset]]\nname = "small"\nset = { widht = 8 }', "preset[0].set.widht: the trainer has no setting"),
    ],
)
def test_each_mistake_is_named_with_its_place(text, expected):
    assert said(text).startswith(f"days.toml: {expected}")


def test_a_constraint_of_one_stage_is_judged_there():
    head = HEAD.replace("seed = 3", 'constraints = ["width >= 500"]')
    text = RATE + STAGE.format("w", 'from = "best 1"\nspace = { width = "{8, 16}" }\ntrials = 2')
    assert "in stage 'w': 'width >= 500' cannot hold" in said(text, head)
    assert "search.constraints[0]: 'steps >= 500' names no parameter of any stage" in said(
        text, head.replace("width", "steps")
    )


def test_every_mistake_is_told_at_once():
    head = HEAD.replace("learning_rate = 1e-3", "learning_rat = 1e-3\nwidth = 'wide'").replace(
        "seed = 3", "sede = 3\npruner = 'medain'"
    )
    with pytest.raises(StudyFileErrors) as caught:
        read(
            '[space]\ndropout = "0..2 lgo"\nwarp = "1..2"\n[resources]\ngpu = 1\nparallel = 0\n[reports]\nwrite = "x"',
            head,
        )
    places = [error.where for error in caught.value.errors]
    assert places == [
        "reports",
        "search.sede",
        "search.pruner",
        "space.dropout",
        "resources.gpu",
        "resources.parallel",
        "trainer.learning_rat",
        "trainer.width",
        "space.warp",
    ]
    lines = str(caught.value).splitlines()
    assert all(line.startswith(("days.toml: ", "  ")) for line in lines)


def test_presets_are_read():
    study = read(RATE + '[[preset]]\nname = "small"\ntitle = "Small"\nnote = "fast"\nset = { width = 16 }')
    [preset] = study.presets
    assert (preset.name, preset.title, preset.note, dict(preset.set)) == ("small", "Small", "fast", {"width": 16})
    assert from_json(to_json(study)) == study


def test_keys_of_a_stage_are_set_by_its_name():
    study = read(DAYS)
    new = with_overrides(
        study, {"stage.width.trials": "5", "stage.rate.space.learning_rate": "{0.001, 0.01}"}, schema=None
    )
    assert new.stages[1].trials == 5
    assert new.stages[0].space.get("learning_rate").choices == (0.001, 0.01)


def test_what_changed_in_a_stage_is_said():
    study = read(DAYS)
    text = (
        DAYS.replace("trials = 3", "trials = 5").replace("{32, 64, 128}", "{32, 64}").replace("steps = 60", "steps = 9")
    )
    assert describe_changes(study, read(text)) == [
        "stage width: width: {32, 64, 128} → {32, 64}",
        "stage width: trials: 3 → 5",
        "stage final: set.steps: 60 → 9",
    ]
    assert describe_changes(study, read(DAYS[: DAYS.index('[[stage]]\nname = "final"')])) == ["stage final removed"]


def test_the_space_of_a_stage_is_edited_in_the_file_with_its_comments():
    text = HEAD + DAYS.replace('name = "width"', 'name = "width"  # the second day')
    found = edit_space(text, {"width": "{16, 32}"}, "width")
    assert found == text.replace('"{32, 64, 128}"', '"{16, 32}"')
    found = edit_space(text, {"learning_rate": "{0.5, 2}"}, "rate")
    assert "{ choices = [0.5, 2] }" in found


def test_a_baseline_outside_of_the_first_stage_is_doubtful():
    text = '[[stage]]\nname = "rate"\ntrials = 4\nspace = { learning_rate = { low = 2e-3, high = 1.0 } }\n'
    text += '[[stage]]\nname = "wide"\nfrom = "best 1"\ntrials = 4\nspace = { width = "256..512" }\n'
    found = study_warnings(read(text), schema)
    assert any(one.startswith("stage rate: baseline: learning_rate = 1e-3 lies outside") for one in found)
    assert any("linear scale" in one for one in found)
    assert not any("wide" in one for one in found)
