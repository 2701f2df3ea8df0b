"""Where the best lie in a range, what lies beyond it, what was compared inside, and values far from all others."""

import math
import random
import re
from dataclasses import replace

import pytest

from hptui.core.shorthand import parse_parameter
from hptui.core.trial import Reason, Role, TrialStatus
from hptui.results import claims
from hptui.results.analysis.outward import best_quarter
from hptui.results.claims import ranges
from tests.results.examples import IMPORTED, STUDY, report_of
from tests.results.seeds import one

WIDE = STUDY.replace("0.0..1.0", "2.0..6.0")
"""A range whose ends mean nothing: beyond both there are values."""
EARLIER = {"by hand": {"role": Role.MANUAL}, "imported": IMPORTED, "earlier": {"revision": 1}}
"""Trials that may lie outside the present range."""


def searched(die, value_of, low=2.0, high=6.0, count=24):
    """Trials of a search within a part of the range; their value is that of `a`, with a little noise."""
    trials = []
    for n in range(count):
        params = {"a": round(die.uniform(low, high), 4), "b": die.randint(1, 16)}
        trials.append(one(n, params, {"val_loss": round(value_of(params["a"]) + die.gauss(0, 0.02), 5)}))
    return trials


@pytest.mark.parametrize("seed", range(12))
def test_a_range_is_not_narrowed_to_the_end_at_which_all_of_the_best_lie(seed):
    die = random.Random(seed)
    down = seed % 2 == 0
    # Better and better towards one end, up to which nothing was tried in some of the studies.
    low, high = (2.0 + (seed % 3) * 0.2, 6.0) if down else (2.0, 6.0 - (seed % 3) * 0.2)
    trials = searched(die, lambda a: a if down else 8 - a, low, high)
    text, facts = report_of(trials, WIDE)
    assert {group.settings for group in facts.data.effect_analysis().matter} >= {("a",)}
    for suggestion in ranges.suggested_ranges(facts):
        then = parse_parameter(suggestion.setting, suggestion.then)
        assert suggestion.setting != "a" or (then.low < 2.0 if down else then.high > 6.0), "wider, or none"
    narrowed = [line for line in text.split("\n") if "have `a` in" in line]
    assert not narrowed


@pytest.mark.parametrize("seed", range(6))
def test_a_range_is_narrowed_where_worse_was_tried_on_both_sides_of_the_best(seed):
    die = random.Random(seed)
    trials = searched(die, lambda a: (a - 4) ** 2)
    _, facts = report_of(trials, WIDE)
    named = [suggestion for suggestion in ranges.suggested_ranges(facts) if suggestion.setting == "a"]
    assert len(named) == 1
    assert not named[0].wider
    values = [trial.params["a"] for trial in best_quarter(facts.view, "a")]
    then = parse_parameter("a", named[0].then)
    assert then.low <= min(values) <= max(values) <= then.high


@pytest.mark.parametrize("how", [*EARLIER, "none"])
@pytest.mark.parametrize("seed", range(4))
def test_the_best_is_at_no_edge_beyond_which_something_was_tried(how, seed):
    die = random.Random(seed)
    trials = searched(die, lambda a: 8 - a)
    trials.append(one(24, {"a": 6.0, "b": 3}, {"val_loss": 1.9}))
    text, facts = report_of(trials, WIDE)
    assert "(the best, at its edge)" in text
    before = claims.edge_claims(facts)
    more = EARLIER.get(how, {})
    value = 6.0 + die.choice([0.001, 2.0]) if how in EARLIER else 5.0
    beyond = one(25, {"a": value, "b": 3}, {"val_loss": 4.0}, **more)
    if seed % 2:
        beyond = replace(beyond, status=TrialStatus.FAILED, reason=Reason.CRASH, values=None, metrics={})
    text, facts = report_of([*trials, beyond], WIDE)
    assert ("at its edge" in text) is (how == "none")
    assert how == "none" or not [claim for claim in claims.edge_claims(facts) if claim.subject == "a"]
    assert [claim.subject for claim in before if claim.subject == "a"] == ["a"]


@pytest.mark.parametrize("gap", [0.0, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_said_to_be_compared_inside_a_range_has_trials_near_it(gap, seed):
    """Trials lie at both ends, and none within a gap around the middle: there the model only draws a curve."""
    die, trials = random.Random(seed), []
    half = 2 * (1 - gap)
    for n in range(24):
        a = 2 + die.uniform(0, half) if n % 2 else 6 - die.uniform(0, half)
        trials.append(
            one(n, {"a": round(a, 4), "b": die.randint(1, 16)}, {"val_loss": (a - 4) ** 2 + die.gauss(0, 0.02)})
        )
    text, _ = report_of(trials, WIDE)
    said = re.search(r"lower at `a` = (\S+) than at the ends of its range[^\n]*", text)
    places = [place for place in (2.0, 3.0, 4.0, 5.0, 6.0) if any(abs(t.params["a"] - place) <= 0.5 for t in trials)]
    if said is None:
        assert gap > 0
        return
    assert float(said[1]) in places
    between = re.search(r"between them (.*?) (?:was|were) compared", said[0])
    assert {float(n) for n in re.findall(r"\d+(?:\.\d+)?", between[1])} == set(places) - {2.0, 6.0}


REMEDY = STUDY.replace("a = 0.5", "lr = 0.01").replace('a = "0.0..1.0"', 'lr = "1e-4..0.1 log"')


@pytest.mark.parametrize("role", [Role.IMPORTED, Role.SEARCH, Role.MANUAL])
@pytest.mark.parametrize("rate", [0.05, 5.0])
@pytest.mark.parametrize("kept", [3, 12])
def test_no_remedy_starts_from_where_the_present_space_has_no_trials(role, rate, kept):
    trials = [one(n, {"lr": 0.001 * (n + 1), "b": 3}, {"val_loss": 1.0 + n}) for n in range(kept)]
    params = {"lr": rate, "b": 3}
    more = IMPORTED if role is Role.IMPORTED else {"role": role}
    bad = one(kept, params, None, status="failed", reason="nan", message="val_loss became NaN", **more)
    text, _ = report_of([*trials, bad], REMEDY)
    said = f"lr {rate:g} → " in text
    assert said is (rate < 0.1 or role is Role.MANUAL)
    assert ("What usually helps" in text) is said


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_to_be_avoided_that_is_not_searched_any_more(seed):
    die, trials = random.Random(seed), []
    for n in range(40):
        params = {"a": round(die.uniform(2, 12), 3), "b": die.randint(1, 16)}
        fails = params["a"] > 7
        if fails:
            trials.append(one(n, params, None, status="failed", reason="oom", message="out of memory"))
        else:
            trials.append(one(n, params, {"val_loss": round(die.random(), 4)}))
    told = {}
    for high in (6.0, 12.0):
        _, facts = report_of(trials, STUDY.replace("0.0..1.0", f"2.0..{high}"))
        told[high] = [claim.subject for claim in claims.avoid_claims(facts)]
        assert [claim.subject for claim in claims.region_claims(facts)] == ["a"], "that they failed is a fact"
    assert told == {6.0: [], 12.0: ["a"]}


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
@pytest.mark.parametrize("seed", range(5))
def test_a_value_far_better_than_all_others_is_cut_as_a_far_worse_one_is_and_the_report_says_so(goal, seed):
    die, sign = random.Random(seed), 1 if goal == "minimize" else -1
    text = WIDE.replace('metric = "val_loss"', f'metric = "val_loss"\ngoal = "{goal}"')
    trials = searched(die, lambda a: sign * a)
    _, plain = report_of(trials, text)
    assert plain.data.effect_analysis().scores.better_cut is None
    odd = one(24, {"a": round(die.uniform(2, 6), 3), "b": 3}, {"val_loss": -sign * 1000.0})
    said, facts = report_of([*trials, odd], text)
    analysis = facts.data.effect_analysis()
    values = sorted(sign * trial.values["val_loss"] for trial in [*trials, odd])
    cut = sign * analysis.scores.better_cut
    assert values[0] < cut < values[1]
    assert min(score.value for score in analysis.scores.scores) == cut
    assert {group.settings for group in analysis.matter} >= {("a",)}, "it hides no effect"
    side = "below" if goal == "minimize" else "above"
    assert re.search(rf"[Vv]alues {side} (\S+) count as \1\.", said)
    size = re.search(r"`val_loss` (?:rises|falls) as `a` grows, by about ([\d.]+)[^\n]*", said)
    if size is not None:
        assert float(size[1]) < 8, "and it makes none larger"
        assert f"values {side}" in size[0]


@pytest.mark.parametrize("many", [3, 8])
def test_values_that_a_search_was_after_are_not_cut(many):
    """More than one in ten: not an odd value, but what the best settings give."""
    die = random.Random(many)
    trials = searched(die, lambda a: 1.0, count=24 - many)
    trials += [one(24 + n, {"a": 4.0 + n / 100, "b": 3}, {"val_loss": -50.0 - die.random()}) for n in range(many)]
    _, facts = report_of(trials, WIDE)
    assert facts.data.effect_analysis().scores.better_cut is None
    assert not math.isinf(facts.data.effect_analysis().scores.range)
