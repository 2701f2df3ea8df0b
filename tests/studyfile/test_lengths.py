"""Lengths against each other: evaluations and stop rules, warm-up, decay; and what `check` and `run` say of it."""

import pytest

from hptui.core.errors import StudyError
from hptui.operations.run import run
from hptui.studyfile import read_text, study_warnings
from hptui.trainers.registry import schema
from tests.support import toy

CHARLM = """
name = "lengths"
[objective]
metric = "eval_loss"
[trainer]
kind = "charlm"
{trainer}
[space]
{space}
[search]
trials = 9
{search}
"""


def read(trainer="", space='learning_rate = "1e-4..1e-2 log"', search=""):
    return read_text(CHARLM.format(trainer=trainer, space=space, search=search), "lengths.toml", schema=schema)


RULE = 'stop = [{{ when = "eval_loss > 0.7", after = {} }}]'


def test_a_rule_is_tried_when_its_metric_has_a_value():
    with pytest.raises(StudyError, match=r"search\.stop\[0\]\.after: eval_loss has no value after 10 % of training"):
        read("steps = 200\neval_every = 50", search=RULE.format(0.1))
    assert read("steps = 200\neval_every = 50", search=RULE.format(0.25)).search.stop
    assert read("steps = 200\neval_every = 20", search=RULE.format(0.1)).search.stop
    with pytest.raises(StudyError, match="the first evaluation is at 25 %"):
        read("steps = 100\neval_every = 50", "steps = { choices = [100, 200] }", RULE.format(0.1))


def test_a_rule_for_a_training_that_is_evaluated_once_an_epoch():
    text = CHARLM.replace('"charlm"', '"sft"').format(
        trainer='model = "m"\ntrain = "t.jsonl"\nepochs = 2',
        space='learning_rate = "1e-4..1e-2 log"',
        search=RULE.format(0.1),
    )
    with pytest.raises(StudyError, match="the first evaluation is at 50 %"):
        read_text(text, "lengths.toml", schema=schema)


def said(**parts):
    return [text for text in study_warnings(read(**parts), schema) if "in a training of" in text]


def test_warm_up_and_decay_beyond_the_end_are_doubtful():
    [warm] = said(trainer="steps = 100\nwarmup_steps = 100")
    assert warm == (
        "warmup_steps: up to 100 of warm-up in a training of 100 steps, "
        "so the learning rate that was asked for is never reached"
    )
    [warm] = said(trainer="steps = 100\nwarmup_steps = 10", space="warmup_steps = { choices = [20, 200] }")
    assert warm.startswith("warmup_steps: up to 200 of warm-up")
    [decay] = said(trainer="steps = 100\nlr_steps = [50, 150]")
    assert decay == "lr_steps: a decay at 150 never comes in a training of 100 steps"
    assert said(trainer="steps = 100\nwarmup_steps = 10\nlr_steps = [50, 80]") == []
    assert said(trainer="epochs = 2\nwarmup_steps = 1000") == []


def test_the_run_says_what_check_warns_of(home, tmp_path):
    path = toy(tmp_path, trials=1, trainer="learning_rate = 0.5", space="dropout = { low = 0.001, high = 0.9 }")
    started = run(home, str(path))
    notes = [note for note in started.notes if note.startswith("warning: ")]
    assert any("baseline: learning_rate = 0.5 lies outside its range, 1e-5..0.1 log" in note for note in notes)
    assert any("spans a factor of 900 on a linear scale" in note for note in notes)
