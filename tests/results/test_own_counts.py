"""Counts are those of a trial: `samples` of a study file stands for no other evaluation; captions of what has none."""

import random
import re

import pytest

from hptui.core.trial import Role
from hptui.results.analysis.significance import rate_counts, wilson_interval
from hptui.results.facts import plain_text
from hptui.results.plots.context import PlotContext
from hptui.results.plots.history import history
from hptui.results.plots.plot import PlotOptions
from tests.results.examples import STUDY, report_of
from tests.results.kit import view_of
from tests.results.seeds import one
from tests.results.test_what_counts import line_of

RATE = STUDY.replace('metric = "val_loss"', 'metric = "accuracy"\ngoal = "maximize"\nsamples = 400')
SIZED = RATE.replace("b = 4\n", "b = 4\neval_samples = 400\n", 1)


def study(seed):
    """Trials with rates of 400 or 1,600 questions, imported or with counts of their own: (trials, counts known)."""
    die = random.Random(seed)
    imported, sized, own = die.choice([0.0, 0.3]), die.choice([0.0, 0.4]), die.choice([0.0, 0.3])
    trials, known = [], {}
    for n in range(12):
        size = 1600 if die.random() < sized else 400
        k = die.randint(200, 300) * size // 400
        role = Role.IMPORTED if n and die.random() < imported else Role.SEARCH
        params = {"a": n / 12, "b": n + 1} | ({"eval_samples": size} if size != 400 else {})
        metrics = {"accuracy": k / size}
        has_counts = die.random() < own
        if has_counts:
            metrics |= {"accuracy:k": float(k), "accuracy:n": float(size)}
        trials.append(one(n, params, {"accuracy": k / size}, role=role, metrics=metrics))
        known[n] = (k, size) if has_counts or (role is Role.SEARCH and size == 400) else None
    return trials, known


@pytest.mark.parametrize("seed", range(40))
def test_a_rate_has_the_counts_of_its_own_evaluation_or_none(seed):
    trials, known = study(seed)
    view = view_of(trials, SIZED)
    assert {trial.number: rate_counts(view, trial, "accuracy") for trial in trials} == known
    plot = history(PlotContext(view), PlotOptions())
    best = max(trials, key=lambda trial: (trial.values["accuracy"], -trial.number)).number
    expected = {n: wilson_interval(*pair) for n, pair in known.items() if pair is not None and n != best}
    assert {bar.trial: (bar.low, bar.high) for bar in plot.bars} == {n: (i.low, i.high) for n, i in expected.items()}
    without = sum(pair is None for n, pair in known.items() if n != best)
    said = re.search(r"; (\d+) more whose counts are not known (?:has|have) none", plain_text(plot.caption))
    assert (int(said[1]) if said else 0) == (without if plot.bars else 0)
    text, facts = report_of(trials, SIZED)
    sizes = {pair and pair[1] for pair in known.values()}
    objective = line_of(text, "Objective")
    assert ("over 400 examples" in objective) == (sizes == {400})
    assert None not in sizes or "examples" not in objective
    test = facts.data.range_test
    assert test is None or all(known[trial.number] is not None for trial in (test.best, *test.others))


@pytest.mark.parametrize("seed", range(20))
def test_bars_of_means_say_which_repeated_trials_have_none(seed):
    die = random.Random(seed)
    trials = [one(0, {}, {"val_loss": 2.0}, role=Role.BASELINE)]
    trials += [one(n, {"a": n / 9, "b": n}, {"val_loss": 1.0 + n / 9}) for n in range(1, 6)]
    repeated = {0, *die.sample(range(1, 6), die.randint(0, 4))}
    for chosen in sorted(repeated):
        for n in range(2):
            value = {"val_loss": round(1.5 + die.random(), 4)}
            more = {"role": Role.REPLICATE, "replicate_of": chosen, "seed": 60 + n}
            trials.append(one(len(trials), trials[chosen].params, value, **more))
    plot = history(PlotContext(view_of(trials, STUDY)), PlotOptions())
    assert {bar.trial for bar in plot.bars} == {0}
    said = re.search(r"; (\d+) more of those that were repeated (?:has|have) none", plain_text(plot.caption))
    assert (int(said[1]) if said else 0) == len(repeated - {0, 1}), "trial 1 is the best"


@pytest.mark.parametrize("seed", range(8))
def test_the_best_of_drawn_trials_is_not_called_the_best(seed):
    view = view_of([one(n, {"a": n / 9}, {"val_loss": 1.0 + n}) for n in range(5)], STUDY)
    context, number = PlotContext(view), random.Random(seed).randrange(5)
    phrase, label = plain_text(context.phrase_of(view.trials[number])), context.label_of(view.trials[number])
    assert (phrase, label) == (
        ("the best", "best") if number == 0 else ("the best of those drawn", "best of those drawn")
    )
