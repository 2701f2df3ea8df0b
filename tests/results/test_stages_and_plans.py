"""Steps of means, lengths that were planned alone, stages with repeats, commands that leave something out."""

import itertools
import random
import re
from dataclasses import replace

import pytest

from hptui.core.trial import Role
from hptui.results.document import render_markdown
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from hptui.store.records import MetricSummary
from tests.results.examples import STUDY, report_of, table_after
from tests.results.kit import view_of
from tests.results.seeds import one
from tests.results.test_form import attempt

STAGED = STUDY.replace("trials = 40", "baseline = true").replace(
    "[search]",
    """[[stage]]
name = "coarse"
trials = 9
[[stage]]
name = "final"
from = "best 3"
set = { steps = 20 }
seeds = SEEDS
baseline = true
[search]""",
)


def staged(seed, seeds=3, steps=20, extra=0, coarse=9):
    """A search of single runs, then the baseline and two that change one setting, with so many seeds each."""
    die = random.Random(seed)
    trials = [one(0, {}, {"val_loss": 2.0}, role=Role.BASELINE, stage="coarse", last_step=10)]
    for n in range(1, coarse):
        params = {"a": round(die.random(), 3), "b": die.randint(1, 16)}
        value = {"val_loss": round(2 + die.gauss(0, 0.2), 4)}
        trials.append(one(n, params, value, stage="coarse", total_steps=10, last_step=10))
    more = {"stage": "final", "total_steps": 20, "last_step": steps}
    first = len(trials)
    for place, params in enumerate(({}, {"a": 0.9}, {"b": 9})):
        role = Role.LISTED if place else Role.BASELINE
        value = {"val_loss": round(1.5 + die.gauss(0, 0.1), 4)}
        trials.append(one(first + place, {**params, "steps": 20}, value, role=role, **more))
    for place in range(3):
        for n in range(1, seeds + die.randint(0, extra)):
            own = {"role": Role.REPLICATE, "replicate_of": first + place, "seed": 42 + n, **more}
            value = {"val_loss": round(1.5 + die.gauss(0, 0.1), 4)}
            trials.append(one(len(trials), {**trials[first + place].params}, value, **own))
    return trials, STAGED.replace("SEEDS", str(seeds))


def runs(trials, number):
    return [t.values["val_loss"] for t in trials if number in (t.number, t.replicate_of)]


@pytest.mark.parametrize("seed", range(6))
def test_a_step_from_the_baseline_compares_a_mean_with_a_mean(seed):
    trials, text = staged(seed)
    report, _ = report_of(trials, text)
    rows = table_after(report, "| Trial | Changed alone")
    base = next(t.number for t in trials if t.role is Role.BASELINE and t.stage == "final")
    means = {t.number: sum(runs(trials, t.number)) / 3 for t in trials if t.stage == "final"}
    found = 0
    for row in rows[2:]:
        number, said = int(re.search(r"\d+", row[0]).group()), row[2]
        change = means[number] - means[base]
        if said == "equal":
            assert abs(change) < 0.02
            continue
        size = float(re.match(r"[+−][\d.]+", said).group().replace("−", "-"))
        unit = 10.0 ** -len(said.split(" ")[0].split(".")[1])
        assert abs(size - change) <= 1.01 * unit, (said, change)
        assert said.endswith("worse" if change > 0 else "better")
        found += 1
    assert found
    assert "means of their runs: a difference" in report
    assert "single runs: a difference" not in report


@pytest.mark.parametrize("seed", range(4))
def test_who_ended_at_the_same_step_is_not_said_to_have_trained_for_another_length(seed):
    for steps in (10, 20):
        trials, text = staged(seed, steps=steps)
        report, _ = report_of(trials, text)
        assert (" trained for another length: not compared" in report) == (steps == 20)
        assert (" was to train for another length: not compared" in report) == (steps == 10)
    for ended in (10, 0):  # the same length for all on record, and the one that was asked for
        plans = [(n, 20 if n == 4 else 10) for n in range(9)]
        trials = [
            one(n, {"a": n / 10, "steps": plan}, {"val_loss": 1 + n / 9}, last_step=ended or plan, total_steps=plan)
            for n, plan in plans
        ]
        report, _ = report_of(trials)
        assert ("did not train for 10 steps" in report) == (ended == 0)
        assert ("was not to train for 10 steps as most were, and ended at the same step" in report) == (ended == 10)


@pytest.mark.parametrize("seed", range(6))
def test_repeats_that_no_stage_asks_for_are_among_the_commands(seed):
    seeds = 2 + seed % 2
    trials, text = staged(seed, seeds=seeds, extra=3)
    report, _ = report_of(trials, text)
    said = re.findall(r"hptui add read --repeat (\d+)  # trial (\d+)", report)
    wanted = []
    for number in {t.replicate_of for t in trials if t.replicate_of is not None}:
        own = [t.number for t in trials if t.replicate_of == number]
        wanted += [(str(number), str(n)) for n in own[seeds - 1 :]]
    assert sorted(said) == sorted(wanted)


@pytest.mark.parametrize("seed", range(4))
def test_a_stage_of_few_configurations_with_many_runs_is_not_the_one_that_settings_are_read_from(seed):
    trials, text = staged(seed, seeds=2 + seed, coarse=10)
    record = ReportData(view_of(trials, text))
    assert record.cohort.stage == "coarse"
    report = render_markdown(compose_report(record)).text
    most = sum(t.stage == "final" for t in trials) > 10
    assert (
        f"Among the trials of stage coarse, which has the most complete {'configurations' if most else 'trials'}."
        in report
    )


@pytest.mark.parametrize("coarse", [2, 3, 5, 9])
def test_trials_that_differ_are_not_said_to_differ_in_nothing_because_nothing_moves(coarse):
    trials, text = staged(1, coarse=coarse)
    trials = [replace(trial, values={"val_loss": 1.331234}) for trial in trials]
    kept = {t.number: MetricSummary(9, 1.331234, 1.331234, 9, 2.482345, 1, 9, 0) for t in trials}
    report = render_markdown(compose_report(ReportData(view_of(trials, text), summaries={"val_loss": kept}))).text
    assert "seems to be ignored" in report
    assert "do not differ in any setting" not in report


def test_a_command_without_its_settings_says_so():
    cases = {
        'style = "env"': "environment variables is not in this line",
        'env = { LR = "{a}" }': "environment variables is not in this line",
        'env = { OMP_NUM_THREADS = "1" }': "",
        'style = "wandb"': "`wandb.config` is not in this line",
        'style = "argparse"': "",
    }
    for keys, note in cases.items():
        text = STUDY.replace('kind = "read:train"', f'kind = "command"\ncommand = ["python", "t.py"]\n{keys}')
        trials = [one(n, {"a": n / 9, "b": 2 + n}, {"val_loss": 1 + n / 9}) for n in range(9)]
        attempts = {t.number: (attempt(t, environment={"command": "python t.py"}),) for t in trials}
        report, _ = report_of(trials, text, attempts=attempts)
        said = next(row for row in report.split("\n") if "Command of the best trial" in row)
        assert said.endswith(note) if note else said.endswith("`"), (keys, said)


def test_steps_on_record_that_are_the_same_are_not_said_to_differ():
    text = STUDY.replace("steps = 10", "epochs = 5\nbatch_size = 16").replace(
        "[space]", '[space]\nbatch_size = "{16, 64}"'
    )
    for once_an_epoch, is_recorded in itertools.product((True, False), repeat=2):
        trials = []
        for n in range(12):
            params = {"a": n / 12, "b": n % 7 + 1, "batch_size": (16, 64)[n % 2]}
            steps = 5 if once_an_epoch else 5 * 640 // params["batch_size"]
            role = Role.SEARCH if n else Role.BASELINE
            value = {"val_loss": 2 - 0.5 * (n % 2) - n / 50}
            known = {"effective": {"effective_batch_size": params["batch_size"] if n else 16}} if is_recorded else {}
            trials.append(one(n, params if n else {}, value, role=role, last_step=steps, total_steps=steps, **known))
        report, _ = report_of(trials, text)
        assert ("took 4 times the" in report) == is_recorded
        assert ("4 times the optimizer steps" in report) == (once_an_epoch and is_recorded)
