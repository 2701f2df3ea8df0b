"""What repeats, fronts and regions rest on: the run that won is in no mean, exceptions and unused settings are told."""

import math
import random
import re

import pytest

from hptui.core.trial import Reason, Role
from hptui.results.analysis.failure_regions import Condition, FailureRegion
from hptui.results.analysis.range_test import range_test, tukey_quantile
from hptui.results.claims.failures import _exceptions, region_text
from hptui.results.document import escape_markdown
from hptui.results.fact_index import render_with_index
from hptui.results.fact_writer import FactWriter
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from tests.results.seeds import one
from tests.results.truth import TEXT, view_of

FRONT = TEXT.replace("[objective]", '[[objective]]\ngoal = "minimize"').replace(
    "[trainer]", '[[objective]]\nmetric = "ms"\ngoal = "minimize"\n[trainer]', 1
)
STAGED = TEXT + '[[stage]]\nname = "coarse"\ntrials = 4\n[[stage]]\nname = "fine"\nfrom = "best 3"\nseeds = 3\n'


def again(number, trial, values, seed, **more):
    return one(number, dict(trial.params), values, role=Role.REPLICATE, replicate_of=trial.number, seed=seed, **more)


def text_of(view):
    return render_with_index(compose_report(ReportData(view), "results"), "r.md")[0]


def plain(parts):
    return "".join(part if isinstance(part, str) else part.text for part in parts)


@pytest.mark.parametrize("number", range(12))
def test_who_is_worse_rests_on_runs_that_did_not_choose_it(number):
    die = random.Random(number)
    values = [round(die.uniform(1.3, 3), 3) for _ in range(8)]
    fresh = [round(die.uniform(1.3, 1.8), 3) for _ in range(3)]
    view = verdict_view(values, fresh, 1.0)
    test = range_test(view)
    mean = math.fsum(fresh) / 3
    size = tukey_quantile(9, test.noise.df) * test.noise.deviation * math.sqrt(1 + 1 / 3)
    apart = {n for n, value in enumerate(values, 1) if abs(value - mean) > size}
    assert apart == {trial.number for trial in (*test.worse, *test.better)}
    assert all(trial.values["val_loss"] < mean for trial in test.better)
    assert "noise between seeds of trial 0 alone" in text_of(view)
    twice = [again(12, view.trials[1], {"val_loss": 2.5}, 90), again(13, view.trials[1], {"val_loss": 2.6}, 91)]
    assert " alone)" not in text_of(view_of([*view.trials, *twice]))


def verdict_view(values, fresh, lucky):
    trials = [one(0, {"b": 0.0}, {"val_loss": lucky})]
    trials += [one(n, {"b": n / 20}, {"val_loss": value}) for n, value in enumerate(values, 1)]
    trials += [again(9 + n, trials[0], {"val_loss": value}, 50 + n) for n, value in enumerate(fresh)]
    return view_of(trials)


@pytest.mark.parametrize("number", range(10))
def test_a_repeated_knee_is_told_by_its_fresh_runs(number):
    die = random.Random(number)
    points = [(1.0, 9.0), (1.1, 2.0), (1.3, 1.9), (3.0, 1.0)]
    trials = [one(n, {"b": n / 10}, {"val_loss": a, "ms": b}) for n, (a, b) in enumerate(points)]
    fresh = [{"val_loss": round(die.uniform(1.0, 1.6), 2), "ms": round(die.uniform(1.7, 2.2), 2)} for _ in range(3)]
    trials += [again(4 + n, trials[1], values, 60 + n) for n, values in enumerate(fresh)]
    text = text_of(view_of(trials, FRONT))
    assert "is trial 1. That rests on one run of it: 3 fresh runs have on average" in text
    loss, ms = (math.fsum(values[name] for values in fresh) / 3 for name in ("val_loss", "ms"))
    is_ahead = loss > 1.3 and ms > 1.9
    assert ("Trial 2 is better than that in every objective." in text) == is_ahead
    assert ("trial 1 by one run, but trial 2 is better in every objective" in text) == is_ahead


@pytest.mark.parametrize("later", [True, False])
@pytest.mark.parametrize("number", range(4))
def test_runs_that_a_stage_did_not_choose_by_stand_apart(number, later):
    die = random.Random(number)
    trials = [one(n, {"b": n / 10}, {"val_loss": 2 + n / 10}, stage="coarse") for n in range(4)]
    finals = [one(4 + n, {"b": n / 10}, {"val_loss": 1 + n}, stage="fine", seed=1) for n in range(3)]
    trials += finals
    for seed in (2, 3):
        for trial in finals:
            value = {"val_loss": trial.values["val_loss"] + round(die.uniform(0, 0.3), 3)}
            trials.append(again(len(trials), trial, value, seed, stage="fine"))
    if later:
        values = [round(1 + die.uniform(0, 0.3), 3) for _ in range(3)]
        trials += [again(13 + n, finals[0], {"val_loss": v}, 20 + n, stage="fine") for n, v in enumerate(values)]
    text = text_of(view_of(trials, STAGED))
    found = re.search(r"The 3 of its runs that began after its stage had chosen it have a mean of ([\d.]+),", text)
    assert bool(found) == later
    if found:
        assert float(found[1]) == pytest.approx(math.fsum(values) / 3, abs=0.05)


ENDS = {
    ("complete", "finished"): "",
    ("failed", "nan"): ", became NaN or infinite",
    ("failed", "timeout"): ", was ended at the timeout",
    ("failed", "crash"): ", failed otherwise",
    ("failed", "hung"): ", failed otherwise",
    ("pruned", "pruner"): ", was pruned",
}


@pytest.mark.parametrize("number", range(12))
def test_exceptions_of_a_region_say_how_they_ended(number):
    die = random.Random(number)
    ends = [die.choice(list(ENDS)) for _ in range(die.randint(1, 6))]
    bad = [one(n, {"d": 8 + n, "b": 0.5 + n / 100}, status="failed", reason="oom") for n in range(4)]
    rest = []
    for n, (status, reason) in enumerate(ends):
        values = {"val_loss": 2.0} if status == "complete" else None
        known = reason if reason in {str(r) for r in Reason} else ""
        rest.append(one(10 + n, {"d": 8, "b": 0.9}, values, status=status, reason=known))
    facts = FactWriter(ReportData(view_of([*bad, *rest])))
    conditions = (Condition("d", ">=", 8), Condition("b", ">=", 0.5))
    region = FailureRegion("oom", conditions, tuple(bad), (*bad, *rest), (), (), 0.001)
    text = plain(_exceptions(facts, region))
    for n, end in enumerate(ends[:3]):
        assert f"trial {10 + n} (d 8{ENDS[end]})" in text
    early = sum(bool(ENDS[end]) for end in ends[3:])
    assert (f"{len(ends) - 3} more" in text) == (len(ends) > 3)
    assert (f"of which {early} ended early, too" in text) == bool(early)
    assert plain(region_text(facts, region)) == "d >= 8 or, which these trials cannot tell apart, b >= 0.5"


@pytest.mark.parametrize("number", range(6))
def test_what_is_not_compared_has_no_change(number):
    die = random.Random(number)
    trials = [one(0, {}, {"val_loss": round(die.uniform(2, 3), 3)}, role=Role.BASELINE)]
    trials += [
        one(n, {"b": n / 10}, {"val_loss": round(die.uniform(1, 2), 3)}, role=Role.IMPORTED) for n in range(1, 5)
    ]
    rows = [row for row in text_of(view_of(trials)).splitlines() if "not compared |" in row]
    assert rows
    assert all(row.endswith("| – | not compared |") for row in rows)


@pytest.mark.parametrize("number", range(8))
def test_a_setting_that_is_not_in_use_has_no_value_in_the_table(number):
    die = random.Random(number)
    name, (other, held, free) = "momentum", ("opt", "sgd", "adam")
    text = (
        'name = "made"\n[objective]\nmetric = "val_loss"\n[trainer]\nkind = "made:train"\nopt = "sgd"\nmomentum = 0.9\n'
        '[space]\nopt = { choices = ["sgd", "adam"] }\nmomentum = { low = 0.0, high = 1.0, when = "opt == \'sgd\'" }\n'
    )
    picks = [held, free, *(die.choice([held, free]) for _ in range(6))]
    trials = [
        one(
            n,
            {other: pick, **({name: round(die.random(), 3)} if pick == held else {})},
            {"val_loss": die.uniform(1, 2)},
        )
        for n, pick in enumerate(picks)
    ]
    report = text_of(view_of(trials, text))
    table = report[report.index("## Trials") :]
    head = next(row for row in table.splitlines() if row.startswith("| Trial"))
    column = [cell.strip() for cell in head.split("|")].index(name)
    for n, pick in enumerate(picks):
        row = next(r for r in table.splitlines() if re.match(rf"\| (\*\*)?{n}(\*\*)? \|", r))
        assert (row.split("|")[column].strip(" *") == "–") == (pick == free)
    assert "its condition did not hold there" in table


@pytest.mark.parametrize("text", ["<1%", "a < b", "x <= 3", "<0.1 s"])
def test_less_than_a_number_is_no_tag(text):
    assert escape_markdown(text) == text
    for tag in ("<b>", "</b>", "<!-- x", "<?x", "<a@b.de>"):
        assert escape_markdown(tag).startswith("&lt;")
