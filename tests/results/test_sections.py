"""Parts of a report: alternatives, why training ended, where memory went, and words that follow their numbers."""

from dataclasses import replace

import pytest

from hptui.core.ranking import hypervolumes
from hptui.core.trial import Reason, Role
from hptui.results.fact_index import read_fact_index
from hptui.results.report import compose_report, write_report
from hptui.results.report_data import read_report_data
from tests.results import seeds
from tests.results.seeds import build, one


def text_of(home, study, trials, style="results", **more):
    return write_report(read_report_data(build(home, study, trials, **more)), "report.md", style)[0]


# alternatives ---------------------------------------------------------------------------------------------------

PRESETS = """
    [[preset]]
    name = "careful"
    title = "More stable training"
    note = "if the loss jumps"
    set = { learning_rate = 1e-4, schedule = "cosine" }
    [[preset]]
    name = "large"
    set = { lora_rank = 64 }
"""


@pytest.mark.parametrize("style", ["results", "hyperparameters"])
def test_presets_are_alternatives_with_what_they_change_and_how_to_run_them(home, style):
    text = text_of(home, seeds.DIRECTOR + PRESETS, seeds.director_trials(), style)
    assert text.count("Alternative configurations") == 1
    assert "**More stable training**: has not run. “if the loss jumps”" in text
    assert "```python\nlearning_rate = 0.0001  # instead of 0.0002\nschedule = 'cosine'\n```" in text
    assert "hptui add director --preset careful" in text


def test_a_preset_that_ran_shows_what_came_of_it(home):
    ran = one(4, {"lora_rank": 64}, {"eval_loss": 0.55}, role=Role.MANUAL, name="large", title="large")
    failed = one(5, {"learning_rate": 1e-4}, None, "failed", "oom", role=Role.MANUAL, name="careful")
    text = text_of(home, seeds.DIRECTOR + PRESETS, [*seeds.director_trials(), ran, failed], "hyperparameters")
    assert "**large**: trial 4, `eval_loss` 0.550." in text
    assert "**More stable training**: trial 5, failed." in text
    assert "--preset" not in text


# the end of training --------------------------------------------------------------------------------------------


def early(message="", metric="eval_loss", curve=(0.9, 0.81, 0.84, 0.83), **settings):
    trials = [replace(one_, role=Role.SEARCH) for one_ in seeds.director_trials()]
    own = {**trials[3].params, "patience": 2, "early_stopping": True, **settings}
    stopped = replace(trials[3], params=own, reason=Reason.EARLY_STOP, message=message, last_step=4, total_steps=9)
    return [*trials[:3], stopped], {3: {metric: list(curve)}}


def test_why_training_was_stopped_early_is_computed_from_the_curve(home):
    trials, curves = early("no better eval_loss in 2 evaluations")
    text = text_of(home, seeds.DIRECTOR, trials, curves=curves)
    told = "2 evaluations of `eval_loss` came after the best one, 0.810 at step 2, and none was better"
    assert (
        f"It was stopped early: {told} (`patience` is 2). The trainer said: no better eval_loss in 2 evaluations."
        in text
    )
    record = read_report_data(build(home / "x", seeds.DIRECTOR, trials, curves=curves))
    facts = {fact.key: fact for fact in compose_report(record).facts()}
    assert (facts["early.after"].value, facts["early.step"].value, facts["early.best"].value) == (2, 2, 0.81)


def test_another_curve_gives_another_sentence(home):
    trials, curves = early(curve=(0.9, 0.8, 0.7, 0.75))
    text = text_of(home, seeds.DIRECTOR, trials, curves=curves)
    assert "1 evaluation of `eval_loss` came after the best one, 0.700 at step 3, and that was no better" in text


def test_early_stopping_by_another_metric_is_told_by_that(home):
    trials, curves = early(metric="accuracy", curve=(0.1, 0.5, 0.4), early_stopping_metric="accuracy")
    text = text_of(home, seeds.DIRECTOR, trials, curves=curves)
    assert "1 evaluation of `accuracy` came after the best one, 0.500 at step 2" in text


def test_who_was_not_stopped_early_has_no_reason_and_no_patience(home):
    trials, curves = early(early_stopping=False)
    trials = [replace(one_, reason=Reason.FINISHED) for one_ in trials]
    text = text_of(home, seeds.DIRECTOR, trials, "hyperparameters", curves=curves)
    assert "stopped early" not in text
    assert "|  | Early stopping patience | – |" in text


def test_patience_is_shown_where_it_was_in_force(home):
    trials, curves = early()
    text = text_of(home, seeds.DIRECTOR, trials, "hyperparameters", curves=curves)
    assert "|  | Early stopping patience | 2 |" in text


# memory ---------------------------------------------------------------------------------------------------------


def test_memory_by_purpose_has_a_sum_and_the_size_of_the_device(home):
    parts = {"model": 6.0, "optimizer": 12.0, "activations": 7.0, "capacity": 40.0}
    facts = {f"memory_{name}_gb": gb for name, gb in parts.items()} | {"memory_activations_are": "the rest"}
    trials = [replace(one_, facts=facts if one_.number == 3 else {}) for one_ in seeds.director_trials()]
    record = read_report_data(build(home, seeds.DIRECTOR, trials))
    text, ledger = write_report(record, "report.md", "hyperparameters")
    part = text[text.index("## Memory by purpose") :]
    rows = [row for row in part.splitlines() if row.startswith("|")][2:6]
    assert rows == [
        "| model | 6.0 GiB |",
        "| optimizer | 12.0 GiB |",
        "| activations | 7.0 GiB |",
        "| together | 25.0 GiB |",
    ]
    assert "The device has 40.0 GiB." in part
    assert read_fact_index(ledger).facts["trial.3.memory.sum"].value == 25.0
    assert "Memory by purpose" not in text_of(home / "x", seeds.DIRECTOR, seeds.director_trials(), "hyperparameters")


# words and their numbers ----------------------------------------------------------------------------------------


def test_one_of_a_kind_is_told_in_the_singular(home):
    trials = [one(n, {"learning_rate": 1e-5 * (n + 1)}, {"accuracy": v}) for n, v in enumerate([0.5, 0.1])]
    text = text_of(home, seeds.MATH, trials)
    assert "Trial 1 is worse (Tukey's range of rates)." in text
    near = [trials[0], replace(trials[1], values={"accuracy": 0.49}, metrics={"accuracy": 0.49})]
    text = text_of(home / "near", seeds.MATH, near)
    assert "**Nearly as good**: trial 1 cannot be told apart from it" in text
    text = text_of(home / "one", seeds.MATH, trials[:1])
    assert "(one complete trial)\n" in text


def test_a_failure_whose_reason_nobody_recorded_has_none(home):
    gone = one(4, {"learning_rate": 3e-4}, None, "failed", None, role=Role.IMPORTED)
    text = text_of(home, seeds.DIRECTOR, [*seeds.director_trials(), gone])
    assert "None" not in text
    assert "| trial 4 | failed |" in text
    assert "**Went wrong**: 1 failed, of 5" in text


# the search space -----------------------------------------------------------------------------------------------


def test_numbers_to_choose_from_are_said_to_have_an_order_or_none(home):
    text = text_of(home, seeds.DIRECTOR, seeds.director_trials())
    assert "| `lora_rank` | [8, 16, 32, 64] | discrete |" in text
    loose = seeds.DIRECTOR.replace("choices = [8, 16, 32, 64]", "choices = [8, 16, 32, 64], ordered = false")
    assert loose != seeds.DIRECTOR
    assert "| `lora_rank` | [8, 16, 32, 64] | categorical |" in text_of(home / "x", loose, seeds.director_trials())


# several objectives ---------------------------------------------------------------------------------------------


def test_a_report_on_several_objectives_names_the_best_of_each_and_how_far_the_front_has_come(home):
    second = '[[objective]]\n    metric = "ms"\n    goal = "minimize"\n    [trainer]'
    text = seeds.DIRECTOR.replace("[objective]", '[[objective]]\n    goal = "minimize"').replace("[trainer]", second)
    points = [(0.9, 50), (0.5, 100), (0.52, 20), (0.9, 10), (0.95, 55)]
    trials = [
        one(n, {"learning_rate": 1e-4 * (n + 1)}, {"eval_loss": loss, "ms": float(ms)})
        for n, (loss, ms) in enumerate(points)
    ]
    record = read_report_data(build(home, text, trials))
    said = write_report(record, "report.md", "results")[0]
    assert "- **Best `eval_loss`**: 0.500, of trial 1\n" in said
    assert "- **Best `ms`**: 10, of trial 3\n" in said
    facts = {fact.key: fact for fact in compose_report(record).facts()}
    volume = facts["front.hypervolume"]
    assert volume.value == pytest.approx(hypervolumes(record.view.study, record.view.trials)[-1][1])
    assert 0.5 < volume.value < 1
    told = f"The front has a hypervolume of {volume.text} of what one trial would have that is the best in everything, "
    told += "counted up to a tenth of each objective's range beyond its worst value; "
    assert told + "trial 3 was the last to add to it, and 1 usable trial came later." in said


# trials that shared a process ---------------------------------------------------------------------------------------


def shared(trials, share=60.0, parts=0.5):
    names = ("memory_model_gb", "memory_optimizer_gb", "memory_gradients_gb", "memory_activations_gb")
    return [
        replace(
            trial,
            started=seeds.START,
            ended=seeds.START + 600.0,
            seconds=480.0 + trial.number,
            peak_memory_gb=None,
            facts={"packed": "yes", "seconds_alone": share * (trial.number + 1), **dict.fromkeys(names, parts)},
        )
        for trial in trials
    ]


def test_time_of_its_own_and_time_from_start_to_end_stand_apart(home):
    trials = shared(seeds.director_trials())
    record = read_report_data(build(home, seeds.DIRECTOR, trials))
    said = write_report(record, "report.md", "results")[0]
    facts = {fact.key: fact for fact in compose_report(record).facts()}
    count = len(trials)
    assert facts["time.own.total"].value == 60.0 * count * (count + 1) / 2
    assert facts["time.mean"].value == pytest.approx(480.0 + (count - 1) / 2)
    assert facts["time.at_work"].value == facts["cost.wall"].value == 600.0, "times of trials at once are not added up"
    assert "All complete trials together" not in said
    assert "| Own share of the computing |" in said
    assert "GPU hours" not in said
    assert "Own time" in next(line for line in said.splitlines() if "Training time" in line and line.startswith("|"))
    assert facts["memory.shared.mean"].value == pytest.approx(2.0)
    assert "whose peak is that of all" in said


def test_times_of_trials_in_their_own_processes_are_told_as_ever(home):
    said = text_of(home, seeds.DIRECTOR, seeds.director_trials())
    assert "All complete trials together" in said
    assert "Own" not in said
