"""Which trials a search chose by values: what reports and `status` say of it."""

import json
import random
from dataclasses import replace

import pytest

from hptui.core.laws import ENGINE as LAW
from hptui.core.trial import Reason, Role, TrialStatus
from hptui.results import claims
from hptui.results.analysis import samplers
from hptui.results.json_output import describe_prior_knowledge
from hptui.results.view import read_view
from hptui.search.learning_engine import ModelEngine
from hptui.search.optuna.cmaes import CmaesEngine
from hptui.search.optuna.gp import GpEngine
from hptui.search.optuna.nsga2 import Nsga2Engine
from hptui.search.optuna.tpe import TpeEngine
from hptui.store.recorded import MetaKey
from hptui.store.store import Store
from tests.results.examples import STUDY, report_of, some
from tests.results.seeds import START, build, one

FIRST_BY_MODEL = {"tpe": 5, "gp": 4, "cmaes": 1, "nsga2": 10, "ax": 1}
"""Trials that have ended before each sampler uses values."""


def test_the_numbers_of_trials_before_a_model_are_those_of_the_engines():
    engines = (TpeEngine, GpEngine, CmaesEngine, Nsga2Engine)
    assert {e.name.split()[-1]: e.startup_trials for e in engines} == dict(samplers.STARTUP_TRIALS)
    assert all(issubclass(engine, ModelEngine) for engine in engines)
    assert GpEngine.startup_after_law == samplers.STARTUP_AFTER_LAW


@pytest.mark.parametrize("sampler", [*FIRST_BY_MODEL, "random", "grid", "qmc", "list"])
@pytest.mark.parametrize("seed", range(4))
def test_a_search_chose_those_that_came_after_its_start(sampler, seed):
    die = random.Random(seed)
    needed = FIRST_BY_MODEL.get(sampler)
    crashed = die.randint(0, 2)
    for count in {needed or 4, (needed or 4) + 1, 9, 14}:
        trials = some(
            count + crashed, lambda die, _: round(1 + die.random(), 4), seed, engine=f"optuna 5.0.0 {sampler}"
        )
        dead = {"status": TrialStatus.FAILED, "reason": Reason.CRASH, "values": None, "metrics": {}}
        trials = [replace(t, **(dead if t.number < crashed else {})) for t in trials]
        _, facts = report_of(trials)
        claim = claims.search_caveat(facts)
        chosen = 0 if needed is None else max(0, count - needed)
        assert len(samplers.chosen_by_values(facts.view, trials)) == chosen, (sampler, count)
        assert (claim is None) == (not chosen)
        if claim is not None and chosen < len(trials):
            assert f"The search chose {chosen} of these {len(trials)} trials" in claim.sentence
        elif claim is not None:
            assert claim.sentence.startswith("The search chose these trials")


@pytest.mark.parametrize("seed", range(12))
def test_imported_trials_the_baseline_and_the_start_were_chosen_by_no_search(seed):
    die = random.Random(seed)
    kinds = die.choices(["own", "imported"], [2, 1], k=die.randint(4, 16))
    made = some(len(kinds) + 1, lambda die, _: round(1 + die.random(), 4), seed, engine="optuna 5.0.0 tpe")
    apart = [Role.BASELINE] + [Role.SEARCH if kind == "own" else Role.IMPORTED for kind in kinds]
    elsewhere = {"started": None, "ended": None, "seconds": 0.0, "engine": ""}
    trials = [replace(t, role=r, **(elsewhere if r is Role.IMPORTED else {})) for t, r in zip(made, apart, strict=True)]
    chosen = sum(t.number >= FIRST_BY_MODEL["tpe"] for t in trials if t.role is Role.SEARCH)
    claim = claims.search_caveat(report_of(trials)[1])
    assert (claim is None) == (not chosen)
    if chosen:
        assert f"The search chose {chosen} of these {len(trials)} trials" in claim.sentence


def test_what_ran_at_the_same_time_informed_nothing():
    trials = [replace(t, started=START, ended=START + 9) for t in some(9, lambda die, _: die.random(), 1, engine="tpe")]
    assert claims.search_caveat(report_of(trials)[1]) is None


def test_a_law_makes_the_start_of_gp_shorter():
    trials = some(4, lambda die, _: die.random(), 1, engine="optuna 5.0.0 gp")
    _, facts = report_of(trials)
    assert not samplers.chosen_by_values(facts.view, trials)
    placed = [replace(trials[0], engine=LAW), *trials[1:]]
    _, facts = report_of(placed)
    assert [t.number for t in samplers.chosen_by_values(facts.view, placed)] == [2, 3]


@pytest.mark.parametrize("sampler", ["random", "grid", "qmc", "tpe", "gp", "ax"])
@pytest.mark.parametrize("proposed", [0, 2])
@pytest.mark.parametrize("imported_first", [True, False])
def test_status_says_of_what_was_known_what_the_report_says(tmp_path, sampler, proposed, imported_first):
    text = STUDY.replace('sampler = "random"', f'sampler = "{sampler}"')
    if sampler == "grid":
        text = text.replace('a = "0.0..1.0"', "a = { choices = [0.1, 0.2] }")
    first = 0 if imported_first else proposed
    imported = [one(first + n, {"a": 0.1, "b": 2}, {"val_loss": 2.0}, role=Role.IMPORTED) for n in range(4)]
    after = 4 if imported_first else 0
    own = [one(after + n, {"a": 0.2, "b": 3 + n}, {"val_loss": 1.0}, engine=sampler) for n in range(proposed)]
    sd = build(tmp_path, text, sorted([*imported, *own], key=lambda t: t.number))
    numbers = [t.number for t in imported]
    source = {"file": "x.csv", "numbers": numbers, "trials": 4, "heard": 3, "misfit": "trial 1", "why": "a is 9"}
    with Store.open(sd) as store:
        store.set_meta(MetaKey.PRIOR_KNOWLEDGE, json.dumps({"": [source]}))
    said = describe_prior_knowledge(read_view(sd))
    learns = sampler in ("tpe", "gp", "ax") and (imported_first or not proposed)
    assert said == ("3 of 4 experiments imported from x.csv" if learns else "4 experiments imported from x.csv")
