"""Sentences of the inference that once were false: each finding of a reading, as a study that shows it."""

import re
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from hptui.core.format import TOTAL_SUFFIX
from hptui.core.shorthand import parse_parameter
from hptui.core.trial import Role
from hptui.results import claims
from hptui.results.analysis.comparable import effective_batch
from hptui.results.analysis.effects import group_trials
from hptui.results.analysis.luck import expected_best
from hptui.results.analysis.outward import outward_range, round_outwards
from hptui.results.analysis.significance import wilson_interval
from hptui.results.analysis.turn import pooled_scatter, turn_of
from hptui.results.fact_index import render_with_index
from hptui.results.fact_writer import FactWriter
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from hptui.store.records import MetricSummary
from tests.results.histories.make import NAMES
from tests.results.seeds import one
from tests.results.truth import TEXT, histories, record_of, view_of

FORBIDDEN = re.compile(
    r"\bp [=<] |may be chance|no (measurable )?effect|best for|worst for|explains|because|due to|significant|confounded"
)
"""Words that no sentence of a report may have."""


def facts_of(trials, text=TEXT, **more):
    return FactWriter(ReportData(view_of(trials, text), **more))


def sentences(found):
    return [(claim.kind, claim.sentence) for claim in found]


def mattering(facts):
    return [claim.subject for claim in claims.effect_claims(facts) if claim.kind == "E1"]


def report_of(facts):
    return render_with_index(compose_report(facts.data, "results"), "r.md")[0]


def drawn(count, value, seed=1, **more):
    """Random trials with a value by their settings' positions."""
    rng = np.random.default_rng(seed)
    units = np.c_[rng.random((count, 3)), rng.integers(0, 16, count) / 15, rng.integers(0, 4, count) / 3]
    units = np.c_[units, rng.integers(0, 3, count)]
    return units, np.array([value(unit) + rng.normal() for unit in units])


@pytest.mark.parametrize("kind", ["noise", "bowl", "inter", "conf"])
@pytest.mark.parametrize("count", [3, 7, 12, 24])
def test_no_report_has_a_forbidden_word(kind, count):
    units, values = histories(kind)
    facts = FactWriter(record_of(units[0, :count], values[0, :count]))
    text = report_of(facts)
    assert not FORBIDDEN.search(text), FORBIDDEN.search(text)
    kinds = [claim.kind for claim in claims.effect_claims(facts)]
    if count < 8:
        assert kinds == ["E0"]
        assert f"{count} comparable trials are too few to tell what a setting does" in text
    else:
        said = [
            name for c in claims.effect_claims(facts) if c.kind in ("E1", "E2", "E3") for name in c.subject.split("+")
        ]
        assert sorted(said) == sorted(NAMES), "each setting is spoken of exactly once"


def test_renaming_scaling_and_turning_a_study_change_no_claim():
    units, values = histories("bowl")
    plain = [
        c.subject for c in claims.effect_claims(FactWriter(record_of(units[1, :24], values[1, :24]))) if c.kind == "E1"
    ]
    assert plain == ["a"]
    scaled = FactWriter(record_of(units[1, :24], 1000 + 0.001 * values[1, :24]))
    assert mattering(scaled) == plain
    text = TEXT.replace('metric = "val_loss"', 'metric = "val_loss"\ngoal = "maximize"')
    turned = FactWriter(record_of(units[1, :24], -values[1, :24], text))
    assert mattering(turned) == plain
    assert "is higher at `a` = " in report_of(turned)


def test_the_interval_of_a_group_is_over_its_trials_not_over_their_questions():
    text = TEXT.replace('metric = "val_loss"', 'metric = "acc"\ngoal = "maximize"')
    rates = [0.30, 0.58, 0.40, 0.48]
    trials = [
        one(n, {"f": "x"}, {"acc": r}, metrics={"acc": r, "acc" + TOTAL_SUFFIX: 500}) for n, r in enumerate(rates)
    ]
    view = view_of(trials, text)
    (group,) = group_trials(view, trials, "f", "acc", lambda trial: trial.values["acc"])
    pooled = wilson_interval(round(sum(rates) * 500), 2000)
    assert group.interval.low < pooled.low - 0.1 < pooled.high + 0.1 < group.interval.high


@pytest.mark.parametrize("seed", range(40))
def test_a_range_holds_the_trials_that_it_names(seed):
    rng = Random(seed)
    log = seed % 2 == 0
    low = 10 ** rng.uniform(-5, 2)
    high = low * 10 ** rng.uniform(0.1, 4)
    parameter = parse_parameter("t", f"{low!r}..{high!r}{' log' if log else ''}")
    middle = rng.uniform(low, high)
    width = (high - low) * 10 ** rng.uniform(-3, -0.7)
    tried = [min(high * 1.2, max(low / 1.2, middle + rng.uniform(-width, width))) for _ in range(5)]
    text = TEXT.replace('b = "0.0..1.0"', f't = "{parameter.describe()}"').replace("b = 0.5", f"t = {middle!r}")
    trials = [one(n, {"t": value}, {"val_loss": float(n)}) for n, value in enumerate(tried)]
    found = outward_range(view_of(trials, text), parameter, trials)
    if found is not None:
        read = parse_parameter("t", found.then)
        assert all(read.contains(value) for value in tried)
        assert found.new == any(not parameter.contains(value) for value in tried)


def test_a_bound_is_rounded_outwards():
    assert round_outwards(0.9975, down=True, width=0.0375, log=False) == 0.997
    assert round_outwards(1.0375, down=False, width=0.04, log=False) >= 1.0375


def test_pruned_trials_count_with_what_they_showed():
    """The upper half of a is pruned at half time: what is left shows nothing of a, and yet it matters."""
    units, values = drawn(32, lambda unit: 12 * (unit[0] > 0.5))
    record = record_of(units, values)
    trials, curves = [], {}
    for trial, value in zip(record.view.trials, values, strict=True):
        pruned = value > 6
        curves[trial.number] = {
            "val_loss": [(s, value + 10 - s / 10, 0.0) for s in range(10, 60 if pruned else 101, 10)]
        }
        gone = {"status": trial.status.PRUNED, "values": None, "last_step": 50}
        trials.append(replace(trial, **gone) if pruned else trial)
    facts = facts_of(trials, curves=curves)
    found = sentences(claims.effect_claims(facts))
    assert any(kind == "E1" and text.startswith("a matters") for kind, text in found), found
    assert any(
        kind == "EN" and "pruned trials count with what they showed until they were stopped" in t for kind, t in found
    )
    dropped = facts_of([trial for trial in trials if trial.values])
    assert all(kind != "E1" for kind, _ in sentences(claims.effect_claims(dropped)))


def test_two_settings_that_are_one_are_named_together():
    units, values = histories("bowl")
    own = units[0, :20].copy()
    own[:, 1] = own[:, 0]
    found = sentences(claims.effect_claims(FactWriter(record_of(own, values[0, :20]))))
    assert any(k == "E2" and "a or b matters" in text and "nobody can say which" in text for k, text in found), found
    assert all(k != "E1" for k, _ in found)


@pytest.mark.parametrize("n", [5, 8, 12, 20, 60])
def test_white_noise_is_no_overfitting(n):
    rng = Random(n)
    curves = [[2 + rng.gauss(0, 0.1) for _ in range(n)] for _ in range(60)]
    pool = pooled_scatter(curves[:8])
    assert sum(turn_of(values, pool) is not None for values in curves) <= 6


def repeated(values, again, seeds=(7, 8, 9), **more):
    """Trials with these values, and runs of the best with other seeds that began later."""
    trials = [one(n, {"b": n / 10}, {"val_loss": v}, seed=1, **more) for n, v in enumerate(values)]
    best = min(trials, key=lambda trial: trial.values["val_loss"])
    runs = [
        one(
            len(values) + n,
            best.params,
            {"val_loss": v},
            role=Role.REPLICATE,
            replicate_of=best.number,
            seed=seeds[n],
        )
        for n, v in enumerate(again)
    ]
    return [*trials, *runs]


def test_a_seed_that_changes_nothing_gives_no_interval():
    facts = facts_of(repeated([1.971, 2.0, 2.1], [1.971, 1.971]))
    text = report_of(facts)
    assert "The seed changes nothing: trials 0 and 3 are equal to the last digit." in text
    assert "95%" not in "".join(claim.sentence for claim in claims.best_claims(facts))
    assert facts.data.noise is None
    assert claims.fresh_runs(facts, facts.data.best) is None
    moving = MetricSummary(10, 1.0623, 0.5371, 10, 2.0418, 1, 10, 0)
    flat = MetricSummary(10, 0.0, 0.0, 1, 0.0, 1, 10, 0)
    trials = repeated([0.0, 0.1, 0.2], [0.0])
    for summary, dead in ((moving, True), (flat, False)):
        same = {"val_loss": {trial.number: summary for trial in trials}}
        assert bool(facts_of(trials, summaries=same).data.dead_seeds) is dead


def test_fresh_runs_leave_out_the_run_that_was_lucky():
    facts = facts_of(repeated([0.50, 0.9, 1.0, 1.1], [0.70, 0.72, 0.74]))
    fresh = claims.fresh_runs(facts, facts.data.best)
    assert fresh.mean == pytest.approx(0.72)
    assert [run.number for run in fresh.runs] == [4, 5, 6]
    (said,) = [claim.sentence for claim in claims.best_claims(facts) if claim.kind == "FR"]
    assert said.startswith("Mean of 3 fresh runs 0.720 (")
    assert "the run that was ranked has 0.500." in said
    used = facts_of(repeated([0.50, 0.9, 1.0], [0.7, 0.71, 0.8], seeds=(1, 8, 9)))
    assert [run.number for run in claims.fresh_runs(used, used.data.best).runs] == [4, 5], "a ranked run had seed 1"


@pytest.mark.parametrize(
    ("again", "base_again", "answer"),
    [
        ([], [], "not yet"),
        ([0.70, 0.72, 0.74], [], "yes"),
        ([0.80, 1.10, 1.40], [], "no"),
        ([1.30, 1.31, 1.32], [], "worse"),
    ],
)
def test_whether_it_is_sure(again, base_again, answer):
    trials = repeated([1.0, 0.5, 1.2], again)
    trials[0] = replace(trials[0], role=Role.BASELINE)
    facts = facts_of(trials)
    assert claims.sure(facts).premise["answer"] == answer
    step = claims.next_step(facts).sentence
    assert ("--repeat best --seeds 3 && hptui add made --repeat 0 --seeds 3 && hptui run made" in step) == (not again)


def test_equal_rates_are_not_told_apart_and_the_best_has_no_interval_of_one_run():
    text = TEXT.replace('metric = "val_loss"', 'metric = "acc"\ngoal = "maximize"\nsamples = 200')
    hits = [104, 92, 101, 97, 88, 110, 99, 95, 103, 90, 100, 96, 94, 105, 98]
    trials = [one(n, {"b": n / 20}, {"acc": k / 200}) for n, k in enumerate(hits)]
    facts = facts_of(trials, text)
    found = sentences(claims.best_claims(facts))
    assert ("R1", "It cannot be told apart from any of the 14 others (Tukey's range of rates).") in found
    assert any(kind == "W2" and "about 6.1 points above their common rate" in said for kind, said in found), found
    assert all(kind != "R3" for kind, _ in found)
    alone = facts_of(trials[:1], text)
    assert any("of this run, over questions" in said for _, said in sentences(claims.best_claims(alone)))
    assert expected_best(8) == pytest.approx(1.4236, abs=1e-3)


@pytest.mark.parametrize("is_recorded", [True, False])
def test_fixed_steps_with_a_searched_batch_are_stated_where_certain(is_recorded):
    """What a script calls batch size and steps may be something else: only a record of both makes it certain."""
    text = TEXT.replace("d = 8", "batch_size = 8").replace('d = "1..16 int"', 'batch_size = "2..16 int"')
    rng = Random(0)
    trials = []
    for n in range(30):
        batch = rng.randint(2, 16)
        params = {"a": 10 ** rng.uniform(-5, -1), "batch_size": batch}
        trials.append(one(n, params, {"val_loss": 20 - batch + rng.gauss(0, 0.3)}))
    trials.append(one(30, {"batch_size": 16, "a": 1e-3}, {"val_loss": 3.0}))
    if is_recorded:
        trials = [
            replace(t, total_steps=100, effective={"effective_batch_size": t.params["batch_size"]}) for t in trials
        ]
    facts = facts_of(trials, text)
    text = report_of(facts)
    assert ("; at 100 steps each, larger values saw up to 8 times the examples." in text) == is_recorded
    assert is_recorded or "times the examples" not in text
    assert "Widen" not in text
    assert "hptui space" not in text


def test_a_factor_that_is_unknown_makes_no_effective_batch():
    text = TEXT.replace("d = 8", "batch_size = 8").replace('d = "1..16 int"', 'batch_size = "2..16 int"')
    trial = one(0, {"batch_size": 8}, {"val_loss": 1.0})
    assert effective_batch(view_of([trial], text), trial) is None
    known = replace(trial, params={"batch_size": 8, "gradient_accumulation": 4})
    assert effective_batch(view_of([known], text), known) == 32


def test_one_epoch_of_one_in_four_is_not_what_most_did():
    text = TEXT.replace("steps = 100", "epochs = 1")
    trials = [one(n, {"epochs": n + 1}, {"val_loss": 1.0 + n}) for n in range(4)]
    text = report_of(facts_of(trials, text))
    assert "These trials trained for 4 different lengths" in text
    assert "1 epochs" not in text
    assert "as most did" not in text


def test_a_spent_grid_promises_nothing():
    text = TEXT.replace('sampler = "tpe"', 'sampler = "grid"')
    for name in "abcd":
        text = re.sub(rf'^{name} = ".*\n', "", text, flags=re.M)
    rows = [(e, f) for e in range(4) for f in "xyz"]
    trials = [one(n, {"e": e, "f": f}, {"val_loss": n + 1.0}, engine="grid") for n, (e, f) in enumerate(rows)]
    assert claims.outlook(facts_of(trials, text))[0].sentence == "All 12 configurations of the grid have run."
    assert claims.outlook(facts_of(trials[:-2], text))[0].sentence == "2 of 12 configurations of the grid have not run."


def test_an_adaptive_search_has_no_chance_of_a_better_trial():
    units, values = histories("bowl")
    facts = FactWriter(record_of(units[0, :20], values[0, :20]))
    assert "chance of" not in report_of(facts)
    assert re.fullmatch(
        r"The best ended as number \d+ of 20; \d+ since without a better one\.", claims.outlook(facts)[0].sentence
    )


def test_every_number_of_a_claim_is_a_fact():
    for kind in ("bowl", "inter", "conf"):
        units, values = histories(kind)
        facts = FactWriter(record_of(units[2, :30], values[2, :30]))
        found = [
            *claims.effect_claims(facts),
            *claims.best_claims(facts),
            *claims.range_claims(facts),
            claims.sure(facts),
        ]
        for claim in [*found, *claims.outlook(facts), *claims.edge_claims(facts), claims.alike(facts)]:
            fixed = "".join(part for part in claim.line if isinstance(part, str))
            assert not re.search(r"\d", fixed), claim.sentence
            assert claim.to_json()["class"] == claim.kind
