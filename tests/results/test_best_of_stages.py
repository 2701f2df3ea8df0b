"""The best trial of a stage: what the report and `hptui status` name, counted anew from the trials."""

import random
import re
import statistics

import pytest

from hptui.results.view import stage_progress
from tests.results.examples import STUDY, report_of
from tests.results.kit import view_of
from tests.results.seeds import one

CHAIN = STUDY.replace("[search]", "{stages}[search]")


def staged(seed):
    """Three stages; some share their overrides, some repeat configurations, and any of them may have the best."""
    die = random.Random(seed)
    seeds = [die.choice([1, 1, 2]) for _ in range(3)]
    steps = [die.choice([10, 20]) for _ in range(3)]
    names = ["coarse", "fine", "final"]
    stages = "".join(
        f'[[stage]]\nname = "{name}"\ntrials = 5\nset = {{ steps = {length} }}\nseeds = {runs}\n'
        for name, length, runs in zip(names, steps, seeds, strict=True)
    )
    trials, best = [], {}
    for name, length, runs in zip(names, steps, seeds, strict=True):
        means = {}
        for _ in range(die.randint(2, 6)):
            params, first = {"a": round(die.random(), 4), "b": die.randint(1, 16), "steps": length}, len(trials)
            values = [round(1 + die.random(), 4) for _ in range(runs)]
            for n, value in enumerate(values):
                own = {} if n == 0 else {"role": "replicate", "replicate_of": first, "seed": 42 + n}
                more = {"stage": name, "total_steps": length, "last_step": length, **own}
                trials.append(one(len(trials), params, {"val_loss": value}, **more))
            means[first] = statistics.fmean(values)
        best[name] = min(means, key=lambda number: (means[number], number))
    return trials, CHAIN.replace("{stages}", stages), best


@pytest.mark.parametrize("seed", range(24))
def test_status_and_the_report_name_one_best_of_each_stage(seed):
    trials, text, best = staged(seed)
    assert {stage.name: stage.best for stage in stage_progress(view_of(trials, text))} == best
    report, _ = report_of(trials, text)
    named = dict(re.findall(r"Stage (\w+): .*?; best trial (\d+)", report))
    assert {name: int(number) for name, number in named.items()} == best
