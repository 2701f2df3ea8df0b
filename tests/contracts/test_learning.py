"""What only some samplers do: learn, begin in the middle, draw anew with another seed. The rest: `test_engines`."""

import math
import os
import statistics
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hptui.core.expressions import parse
from hptui.core.parameters import Choice, Float, Int
from hptui.core.space import configuration_key
from hptui.core.trial import Reason, Role, TrialStatus
from hptui.testing.engine_stage import measure
from hptui.testing.engines import EngineContract
from tests.contracts.kinds import KINDS, SLOW, SLOW_MULTI, kinds, with_sampler
from tests.search.kit import ask, drive, losses, space, study, trial


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", kinds(*SLOW))
def test_proposals_are_feasible_settled_and_new_all_along(kind):
    """The long course of the slow ones: as many trials as others have in the suite of all."""
    contract = EngineContract()
    contract.sampler, contract.space = kind.sampler, kind.space
    contract.check_course(drive(kind.study(), 40, measure), 40)


PROGRAM = """
import json
from hptui.testing.engine_stage import measure
from hptui.testing.searches import drive
from tests.contracts.kinds import KINDS
for name, kind in KINDS.items():
    if kind.sampler != "ax":
        trials = drive(kind.study(seed=7), kind.some(12, 7), measure)
        print(name, json.dumps([[done.params, [one.params for one in done.rejections]] for done in trials]))
"""


@pytest.mark.torch
def test_proposals_do_not_depend_on_the_process():
    """Of Ax, the tests of its process show this."""

    def proposals(hash_seed):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-W", "error", "-c", PROGRAM]
        root = Path(__file__).parents[2]
        said = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=root).stdout
        return said.splitlines()

    first, second = proposals("1"), proposals("2")
    assert len(first) == len(KINDS) - 2
    assert first == second


@pytest.mark.parametrize("kind", kinds("random", "qmc", "tpe", "tpe-multi", "nsga2"))
def test_another_seed_and_another_number_draw_anew(kind):
    def first(seed, number):
        return ask(kind.study(seed=seed), [], number).params

    assert len({configuration_key(first(seed, 0)) for seed in range(20)}) > 10
    assert len({configuration_key(first(0, number)) for number in range(20)}) > 10


@pytest.mark.parametrize("kind", kinds("cmaes", "gp", "ax"))
def test_a_search_with_a_model_starts_in_the_middle(kind):
    searched = space([Float("lr", 1e-5, 1e-1, log=True), Int("rank", 8, 64), Float("x", 0, 1)], "x * rank >= 2")
    first = ask(kind.study(searched), [trial(0, {}, {"loss": 1.0}, role=Role.BASELINE)][: kind.sampler != "cmaes"])
    assert first.params == {"lr": pytest.approx(1e-3), "rank": 36, "x": 0.5}
    nearest = ask(kind.study(replace(searched, constraints=(parse("rank * x <= 16"),))), [])
    assert nearest.params["lr"] == pytest.approx(1e-3), "what the constraint does not speak of stays in the middle"
    assert nearest.params["rank"] * nearest.params["x"] <= 16


# -- engines that learn


LEARNING = ("tpe", "tpe-multi", "cmaes", "nsga2", "nsga2-multi", "gp", "gp-multi", "ax", "ax-multi")
QUADRATIC = space(
    [Float("lr", 1e-5, 1e-1, log=True), Float("x", -5, 5), Int("n", 1, 100), Choice("width", (8, 16, 32))]
)


def quadratic(settings):
    """With two objectives, both are small at one place: what is found is then one number, too."""
    far = (math.log10(settings["lr"]) + 3) ** 2 + (settings["x"] - 2) ** 2 / 4 + ((settings["n"] - 70) / 30) ** 2
    loss = far + (math.log2(settings["width"]) - 4) ** 2 / 2
    return {"loss": loss, "speed": -loss - (settings["x"] - 1) ** 2 / 20}


def found_after(kind, count, seeds, sampler=None):
    """The best loss of each of some searches, the engine rebuilt before every ask."""
    asked = [kind.study(QUADRATIC, base={}, seed=seed) for seed in range(seeds)]
    return [min(losses(drive(with_sampler(one, sampler or kind.sampler), count, quadratic))) for one in asked]


@pytest.mark.parametrize("kind", kinds(*LEARNING, slow=SLOW))
def test_it_beats_random_search_on_a_quadratic(kind):
    """After 60 trials; those that think for seconds have learned more after a quarter of that."""
    chance = found_after(kind, 60, 12, "random")
    found = found_after(kind, kind.some(60, 15), kind.some(3, 1))
    assert statistics.mean(found) < statistics.mean(chance) * (0.5 if kind.sampler != "nsga2" else 0.8)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", kinds(*SLOW))
def test_it_beats_random_search_on_a_quadratic_after_60_trials(kind):
    chance = found_after(kind, 60, 12, "random")
    assert statistics.mean(found_after(kind, 60, 2)) < statistics.mean(chance) / 4


WALLED = space([Float("width", 0, 1), Float("x", 0, 1)])


def walled(reason):
    """The wider the better; what is wider than a half ends for this reason, in the history of random search."""
    drawn = drive(study(WALLED, "random", seed=3), 40, lambda settings: {"loss": 0.0})
    for done in drawn:
        if done.params["width"] > 0.5:
            yield trial(done.number, done.params, status=TrialStatus.FAILED, reason=reason, metrics={"loss": math.nan})
        else:
            loss = (done.params["x"] - 0.3) ** 2 - done.params["width"]
            yield trial(done.number, done.params, {"loss": loss, "speed": -loss})


@pytest.mark.parametrize("kind", kinds(*LEARNING, slow=SLOW_MULTI))
def test_it_hears_of_walls_and_of_divergence_but_not_of_crashes(kind):
    def beyond(reason):
        """The share of proposals that would run into the wall."""
        known, asks = list(walled(reason)), kind.some(24, 1)
        proposed = [ask(kind.study(WALLED, base={}, seed=seed), known).params["width"] for seed in range(asks)]
        return sum(width > 0.55 for width in proposed) / asks

    heard, crash = max(beyond(Reason.OOM), beyond(Reason.NAN)), beyond(Reason.CRASH)
    assert heard < 0.45, "by chance"
    if kind.sampler not in ("cmaes", "nsga2"):  # these stay near their best, whatever lies beyond
        assert heard < crash


@pytest.mark.parametrize(
    "kind", kinds(*(name for name in LEARNING if not name.startswith(("nsga2", "cmaes"))), slow=SLOW_MULTI)
)
def test_numbers_to_choose_from_have_an_order(kind):
    """Of the widths that no trial had, the one between the best is tried; as categories, all would be alike."""
    measured, unknown = (3, 4, 5, 6, 8, 9, 10), (0, 1, 2, 11)
    searched = space([Choice("width", tuple(2**k for k in range(12))), Float("x", 0, 1)])
    known = [
        trial(n, {"width": 2**k, "x": (n * 0.377) % 1}, {"loss": abs(k - 7), "speed": -abs(k - 7)})
        for n, k in enumerate(measured * 5)
    ]
    asked = [kind.study(searched, base={}, seed=seed) for seed in range(kind.some(60, 2))]
    tried = [ask(one, known).params["width"] for one in asked]
    assert tried.count(2**7) > max(tried.count(2**k) for k in unknown)


def elsewhere(trials):
    """The same trials as another study's: below 0, and of nobody here."""
    return [
        replace(done, number=-n, role=Role.IMPORTED, ended=0.0, engine="") for n, done in enumerate(trials, start=1)
    ]


@pytest.mark.parametrize("kind", kinds(*LEARNING))
def test_what_another_study_found_informs(kind):
    known = drive(study(QUADRATIC, "random", seed=9, objectives=kind.objectives), 40, quadratic)
    usual = statistics.median(losses(known))
    asked = [kind.study(QUADRATIC, base={}, seed=seed) for seed in range(kind.some(12, 1))]
    first = [quadratic(ask(one, elsewhere(known), 0).params)["loss"] for one in asked]
    assert statistics.median(first) < usual * (0.6 if kind.sampler != "nsga2" else 0.9)
