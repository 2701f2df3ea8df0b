"""What was done to trials is told, not what others would have done; totals say what they hold."""

import random
import re
from dataclasses import replace

import pytest

from hptui.core.format import duration
from hptui.core.shorthand import parse_parameter
from hptui.core.trial import SECONDS_ALONE, Reason, Role, TrialStatus
from hptui.results.analysis.outward import range_of_values
from hptui.results.claims import range_claims, region_claims
from hptui.results.fact_writer import FactWriter
from hptui.results.report_data import ReportData
from hptui.results.sections.prior_knowledge import prior_knowledge
from tests.results.examples import STUDY, report_of
from tests.results.kit import view_of
from tests.results.seeds import one
from tests.results.test_form import attempt, text_of
from tests.results.test_what_counts import line_of


@pytest.mark.parametrize("seed", range(4))
def test_a_trial_beyond_the_timeout_that_was_not_ended_is_no_lie(seed):
    die, trials = random.Random(seed), []
    for n in range(24):
        params, slow = {"a": round(die.random(), 3), "b": die.randint(1, 16)}, die.uniform(1, 2)
        if params["a"] >= 0.6:
            trials.append(one(n, params, None, "failed", "timeout", seconds=slow))
        else:
            trials.append(one(n, params, {"val_loss": 1 + die.random()}, seconds=slow))
    said = region_claims(FactWriter(ReportData(view_of(trials, STUDY))))[0].sentence
    assert "were ended at the timeout, 0 of " in said
    assert "longer than" not in said


def proposed(numbers, engine):
    return [one(n, {"a": n / 40, "b": 3}, {"val_loss": 1.0 + n}, role=Role.SEARCH, engine=engine) for n in numbers]


@pytest.mark.parametrize("engine", ["random", "grid", "optuna 5.0.0 qmc", "optuna 5.0.0 tpe", "ax 1.1.0"])
@pytest.mark.parametrize(("before", "after"), [(0, 6), (5, 6), (5, 0)])
def test_only_what_came_before_proposals_by_values_was_known_to_them(engine, before, after):
    imported = [one(before + n, {"a": 0.5, "b": 2}, {"val_loss": 2.0}, role=Role.IMPORTED) for n in range(3)]
    first = before + 3
    trials = [*proposed(range(before), engine), *imported, *proposed(range(first, first + after), engine)]
    numbers = [trial.number for trial in imported]
    source = {"file": "x.csv", "numbers": numbers, "trials": 3, "heard": 2, "misfit": "trial 1", "why": "a is 9"}
    facts = FactWriter(ReportData(view_of(trials, STUDY), knowledge={"": [source]}))
    parts = next(prior_knowledge(facts))
    said = "".join(part if isinstance(part, str) else getattr(part, "text", "") for part in parts)
    learns = engine.endswith("tpe") or engine.startswith("ax")
    if not learns or not after:
        assert said.endswith("3 experiments from x.csv")
        assert "inform" not in said
    else:
        assert "2 of 3 experiments imported from x.csv; 1 did not inform it: in trial 1 a is 9" in said
    label = str(parts[0])
    assert ("Known before" in label) is (learns and not before)
    assert ("Known from" in label) is (learns and before > 0 and after > 0)


@pytest.mark.parametrize("seed", range(4))
def test_a_pruner_that_ended_none_is_said_to_have_ended_none(seed):
    die = random.Random(seed)
    trials = [one(n, {"a": die.random(), "b": 3}, {"val_loss": die.random()}) for n in range(die.randint(2, 12))]
    said = line_of(report_of(trials, STUDY + 'pruner = "median"\n')[0], "Pruner")
    assert said.endswith(f"; it ended none of {len(trials)} trials")
    at = die.randrange(len(trials))
    trials[at] = replace(trials[at], status=TrialStatus.PRUNED, reason=Reason.PRUNER, values=None)
    assert "ended none" not in report_of(trials, STUDY + 'pruner = "median"\n')[0]


@pytest.mark.parametrize("seed", range(6))
def test_totals_say_what_they_hold_and_the_best_ends_with_its_own_run(seed):
    die, at, trials, attempts = random.Random(seed), 1000.0, [], {}
    around = die.choice([0.0, 2.5])
    for n in range(8):
        trained, value = die.randint(20, 90) / 10, 1.0 + n
        times = {"started": at, "ended": at + around + trained, "seconds": trained}
        repeat = {"role": Role.REPLICATE, "replicate_of": 0} if n > 4 else {}
        trials.append(one(n, {"a": 0.1 * (n if n < 5 else 0), "b": 3}, {"val_loss": value % 5 + 1}, **times, **repeat))
        attempts[n] = (attempt(trials[-1]),)
        at += around + trained + 1
    record = ReportData(view_of(trials, STUDY), attempts=attempts)
    text = text_of(record)
    whole, trained = sum(t.ended - t.started for t in trials), sum(t.seconds for t in trials)
    best = record.best
    assert f"the best ended after {duration(sum(t.ended - t.started for t in trials[: best.number + 1]))} of" in text
    total = line_of(text, "All complete trials together")
    if around:
        assert total.endswith(f"{duration(trained)} at work, {duration(whole)} from start to end")
        assert f"trials ran for {duration(whole)} from start to end" in text
    else:
        assert total.endswith(duration(trained))
        assert "from start to end" not in text


@pytest.mark.parametrize("space", ["0.0..1.0", "1e-5..0.1 log", "2..90 int", "0..8 int step 2", "{1, 2, 4, 8, 16}"])
def test_the_range_that_values_span_holds_them_and_little_more(space):
    die, parameter = random.Random(space), parse_parameter("a", space)
    for _ in range(50):
        values = [drawn(die, space) for _ in range(4)]
        text = range_of_values(parameter, values)
        if len(set(values)) == 1:
            assert text == ""
        elif space.startswith("{"):
            assert {int(word) for word in re.findall(r"\d+", text)} == set(values)
        else:
            low, high = map(float, text.split(".."))
            assert low <= min(values) < max(values) <= high
            spare = (min(values) - low, high - max(values))
            width = max(values) - min(values)
            assert "log" in space or max(spare) <= 0.021 * width
            assert "int" not in space or max(spare) == 0


def drawn(die, space):
    if space.startswith("{"):
        return die.choice([1, 2, 4, 8, 16])
    if "log" in space:
        return 10 ** die.uniform(-5, -1)
    return die.random() if "int" not in space else die.randrange(2, 9, 2)


@pytest.mark.parametrize("seed", range(6))
def test_the_best_trials_have_what_is_said_and_imported_ones_are_named(seed):
    die, trials = random.Random(seed), []
    for n in range(32):
        role = Role.IMPORTED if 20 <= n < 24 else Role.SEARCH
        params = {"a": round(die.random(), 4), "b": die.randint(1, 16)}
        trials.append(one(n, params, {"val_loss": 1 + (params["a"] - 0.4) ** 2 + die.gauss(0, 0.004)}, role=role))
    facts = FactWriter(ReportData(view_of(trials, STUDY)))
    found = [claim for claim in range_claims(facts) if claim.subject == "a"]
    for claim in found:
        named = [trials[number] for number in claim.trials]
        apart = sum(trial.role is Role.IMPORTED for trial in named)
        assert (f"({apart} of them imported)" in claim.sentence) is bool(apart)
        low, high = map(float, re.search(r"have a in ([\d.e-]+?)\.\.([\d.e-]+);", claim.sentence).groups())
        values = [trial.params["a"] for trial in named]
        assert low <= min(values) <= low + 0.021 * (max(values) - min(values))
        assert high - 0.021 * (max(values) - min(values)) <= max(values) <= high
        assert f"; {claim.premise['range']} has room around them." in claim.sentence
    assert found


@pytest.mark.parametrize("shared", [False, True])
def test_time_per_epoch_says_that_it_is_all_of_the_time(shared):
    text = STUDY.replace("steps = 10", "epochs = 4")
    facts = {SECONDS_ALONE: 12.0} if shared else {}
    trials = [one(n, {"a": n / 4, "b": 3}, {"val_loss": 1.0 + n}, seconds=40.0, facts=facts) for n in range(3)]
    said = line_of(report_of(trials, text)[0], "Per epoch")
    what = "own share of the computing" if shared else "time of the whole trial"
    assert said.endswith(f"({what}, starting and evaluating included, divided by its epochs)")
    assert f": {duration(3.0 if shared else 10.0)} (" in said
