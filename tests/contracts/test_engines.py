"""What every engine promises. One suite, run on each; engines that think for seconds have a shorter course here.

With several objectives an engine shares all but its model's sampler with itself: here, only what concerns that runs on
those. `-m slow` runs everything on everything, and the long courses: for the slow ones as many trials as for others.
"""

import json
import logging
import math
import os
import random
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hptui.core.errors import Unsupported
from hptui.core.expressions import parse
from hptui.core.parameters import Choice, Float, Int
from hptui.core.space import Space, configuration_key
from hptui.core.study import Objective
from hptui.core.trial import Reason, Rejection, Role, TrialStatus
from hptui.search.engine import make_engine
from hptui.search.engine_process import trial_from_json, trial_to_json
from hptui.search.projection import DUPLICATE_REASON
from hptui.store.paths import StudyDir
from hptui.store.store import Store
from tests.search.kit import LOSS, LOSS_AND_SPEED, ask, drive, losses, ran, space, study, trial

LR = Choice("lr", (1e-5, 1e-4, 1e-3, 1e-2))
RANK = Choice("rank", (8, 16, 32, 64))
BATCH = Int("batch", 1, 4)
OPTIMIZER = Choice("optimizer", ("adam", "sgd"))
MOMENTUM = Float("momentum", 0.0, 0.9, step=0.3, when=parse("optimizer == 'sgd'"))

FULL = space([LR, RANK, BATCH, OPTIMIZER, MOMENTUM], "rank * batch <= 64", derived={"alpha": "2 * rank"})
NUMBERS = space([LR, RANK, BATCH, replace(MOMENTUM, when=None)], "rank * batch <= 64", derived={"alpha": "2 * rank"})
BASE = {"lr": 1e-3, "rank": 16, "batch": 1, "optimizer": "adam", "momentum": 0.0, "alpha": 16, "epochs": 3}


@dataclass(frozen=True)
class Kind:
    """An engine under test. `patient`: it takes a good part of a second for an ask."""

    sampler: str
    objectives: tuple[Objective, ...] = LOSS
    space: Space = FULL
    patient: bool = False

    def study(self, searched=None, **more):
        searched = self.space if searched is None else searched
        return study(searched, self.sampler, **{"objectives": self.objectives, "base": BASE, **more})

    def history(self, count):
        """Trials of the engine itself, or of random search where that would take long."""
        return drive(replace_sampler(self.study(), "random" if self.patient else self.sampler), count, measure)

    def some(self, many, few):
        """How often something is done."""
        return few if self.patient else many


KINDS = {
    "grid": Kind("grid"),
    "random": Kind("random"),
    "qmc": Kind("qmc"),
    "tpe": Kind("tpe"),
    "tpe-multi": Kind("tpe", LOSS_AND_SPEED),
    "cmaes": Kind("cmaes", space=NUMBERS),
    "nsga2": Kind("nsga2"),
    "nsga2-multi": Kind("nsga2", LOSS_AND_SPEED),
    "gp": Kind("gp", patient=True),
    "gp-multi": Kind("gp", LOSS_AND_SPEED, patient=True),
    "ax": Kind("ax", patient=True),
    "ax-multi": Kind("ax", LOSS_AND_SPEED, patient=True),
}
PATIENT = [name for name, kind in KINDS.items() if kind.patient]
MULTI = [name for name, kind in KINDS.items() if len(kind.objectives) > 1]
SLOW_MULTI = [name for name in MULTI if name in PATIENT]


def kinds(*names, slow=()):
    """These kinds; those in `slow` have their turn with `-m slow`."""
    return [
        pytest.param(KINDS[name], marks=[*_torch(name), *([pytest.mark.slow] if name in slow else [])], id=name)
        for name in names or KINDS
    ]


def _torch(name):
    return [pytest.mark.torch] if KINDS[name].patient else []


@pytest.fixture(params=kinds(slow=MULTI))
def kind(request):
    return request.param


def replace_sampler(asked, sampler):
    return replace(asked, search=replace(asked.search, sampler=sampler))


def measure(settings):
    loss = (math.log10(settings["lr"]) + 3) ** 2 + abs(settings["rank"] - 32) / 20 + settings.get("momentum", 0.0)
    return {"loss": loss, "speed": settings["batch"] / settings["rank"]}


def plain(proposal):
    return None if proposal is None else (proposal.params, proposal.rejections, proposal.engine)


def check_fits(searched, params):
    assert searched.settle(BASE, params) == params
    assert searched.contains(params)
    assert searched.margin(BASE, params) <= 0


def test_proposals_are_feasible_settled_and_new(kind):
    count = kind.some(40, 20)
    check_course(kind, drive(kind.study(), count, measure, kind.history(kind.some(0, 18))), count)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", kinds(*PATIENT))
def test_proposals_are_feasible_settled_and_new_all_along(kind):
    check_course(kind, drive(kind.study(), 40, measure), 40)


def check_course(kind, trials, count):
    assert len(trials) == count
    for done in trials:
        check_fits(kind.space, done.params)
        assert done.params["alpha"] == 2 * done.params["rank"]
        if kind.space is FULL:
            assert ("momentum" in done.params) == (done.params["optimizer"] == "sgd")
        assert all(type(done.params[name]) is int for name in ("rank", "batch"))
        assert not {name for one in done.rejections for name in one.params} - {*BASE}
    assert len({configuration_key(done.params) for done in trials}) == count


def test_an_engine_rebuilt_before_every_ask_proposes_what_the_lasting_one_does(kind):
    asked, trials = kind.study(), kind.history(kind.some(0, 12))
    lasting = make_engine(asked)
    for number in range(len(trials), kind.some(25, 14)):
        lasting.sync(trials)
        proposal = lasting.ask(number)
        assert plain(ask(asked, trials)) == plain(proposal)
        if not kind.patient:
            assert plain(lasting.ask(number)) == plain(proposal), "asking twice changes nothing"
        trials.append(ran(number, proposal, measure(proposal.params)))


def test_the_order_in_which_trials_are_handed_over_does_not_matter(kind):
    asked, trials = kind.study(), kind.history(15)
    expected = plain(ask(asked, trials))
    for seed in range(kind.some(3, 1)):
        assert plain(ask(asked, random.Random(seed).sample(trials, 15))) == expected


def test_a_history_that_was_stored_and_read_back_gives_the_same_proposal(kind, tmp_path):
    """As after the runner was killed: from SQLite, on the way to the engine's process and back."""
    asked, trials = kind.study(), kind.history(15)
    trials[3] = replace(trials[3], rejections=(Rejection({**trials[2].params, "batch": 4}, "it was so", 0.25),))
    sent = [trial_from_json(json.loads(json.dumps(trial_to_json(done), sort_keys=True))) for done in trials]
    assert sent == trials
    with Store.create(StudyDir(tmp_path / "stored"), {"name": "stored"}, "stored") as store:
        for done in trials:
            store.insert_trial(done)
            store.add_points(done.number, 1, [(name, 1, value, None, 0.0) for name, value in done.metrics.items()])
    with Store.open(StudyDir(tmp_path / "stored")) as store:
        stored = store.read.trials()
    assert [done.rejections for done in stored] == [done.rejections for done in trials]
    expected = plain(ask(asked, trials))
    assert plain(ask(asked, stored)) == expected
    assert plain(ask(asked, sent)) == expected


PROGRAM = """
import json
from tests.contracts.test_engines import KINDS, measure
from tests.search.kit import drive
for name, kind in KINDS.items():
    if kind.sampler != "ax":
        trials = drive(kind.study(seed=7), kind.some(12, 7), measure)
        print(name, json.dumps([[done.params, [one.params for one in done.rejections]] for done in trials]))
"""


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


def test_every_configuration_is_proposed_once_and_then_the_space_is_spent(kind):
    rank, batch = Choice("rank", (8, 16, 32)), Int("batch", 1, 2) if kind.patient else BATCH
    rest = [OPTIMIZER, MOMENTUM] if kind.space is FULL and not kind.patient else []
    small = space([rank, batch, *rest], "rank * batch <= 32")
    everything = {configuration_key(one) for one in small.enumerate(BASE, 10_000)}
    asked = kind.study(small)
    trials = drive(asked, 1000, lambda settings: measure({**BASE, **settings}))
    assert sorted(configuration_key(done.params) for done in trials) == sorted(everything)
    assert ask(asked, trials) is None
    assert ask(asked, trials, 5000) is None


def test_a_space_without_feasible_points_is_spent_at_once(kind):
    assert ask(kind.study(space([LR, RANK], "rank > 64")), []) is None


def test_an_empty_space_has_one_configuration(kind):
    asked = kind.study(space([]))
    assert ask(asked, []).params == {}
    assert ask(asked, [trial(0, {}, {"loss": 1.0, "speed": 1.0})]) is None


def test_parameters_with_one_value_are_no_parameters(kind):
    searched = space([Choice("rank", (16,)), BATCH, Int("epochs", 3, 4, step=1), Choice("lr", (1e-3,))])
    known = [
        trial(n, {"rank": 16, "batch": 1 + n % 4, "epochs": 3 + n // 4}, {"loss": 1.0 + n, "speed": 1.0})
        for n in range(7)
    ]
    assert ask(kind.study(searched), known).params == {"rank": 16, "batch": 4, "epochs": 4, "lr": 1e-3}


@pytest.mark.parametrize("status", list(TrialStatus))
def test_a_configuration_with_a_trial_is_not_proposed_again_whatever_became_of_it(kind, status):
    asked = kind.study(space([RANK]))
    values = {"loss": 1.0, "speed": 1.0} if status is TrialStatus.COMPLETE else None
    known = [trial(number, {"rank": rank}, values, status=status) for number, rank in enumerate((8, 32, 64))]
    assert ask(asked, known).params == {"rank": 16}


def test_the_baseline_is_a_configuration_like_any_other(kind):
    baseline = trial(0, {}, {"loss": 1.0, "speed": 1.0}, role=Role.BASELINE)
    trials = drive(kind.study(space([RANK])), 10, lambda settings: measure({**BASE, **settings}), [baseline])
    assert sorted(done.params["rank"] for done in trials[1:]) == [8, 32, 64]


def test_a_listed_trial_that_changes_something_else_is_another_configuration(kind):
    listed = trial(0, {"rank": 8, "epochs": 30}, {"loss": 1.0, "speed": 1.0}, role=Role.LISTED)
    trials = drive(kind.study(space([RANK])), 10, lambda settings: measure({**BASE, **settings}), [listed])
    assert sorted(done.params["rank"] for done in trials[1:]) == [8, 16, 32, 64]


CHANGES = {
    "narrowed": space([Choice("lr", (1e-3, 1e-2)), RANK, BATCH], "rank * batch <= 64"),
    "widened": space([Choice("lr", (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)), RANK, Int("batch", 1, 16)]),
    "other steps": space([Choice("lr", (3e-4, 1e-3)), Int("rank", 8, 64, step=8), BATCH]),
    "another kind": space([LR, Choice("rank", (8, 16, 32, 64), ordered=False), Choice("batch", (1, 2, 4, 8))]),
    "added": space([LR, RANK, BATCH, Choice("epochs", (1, 3, 10))]),
    "added, its baseline outside": space([LR, RANK, BATCH, Choice("epochs", (10, 30))]),
    "removed": space([LR, BATCH]),
    "conditional now": space([LR, BATCH, Choice("rank", (8, 16, 32), when=parse("batch >= 2"))]),
    "a tighter constraint": space([LR, RANK, BATCH], "rank * batch <= 16", "lr * rank < 0.1"),
    "another formula": space([LR, RANK, BATCH], derived={"alpha": "4 * rank"}),
    "nothing in common": space([Choice("dropout", (0.0, 0.1, 0.2, 0.3, 0.4, 0.5))]),
}


WORDS_OR_CONDITIONS = {"another kind", "conditional now"}
"""Changes after which CMA-ES says that it cannot."""


OF_AX = {"narrowed", "added", "conditional now", "nothing in common"}
"""What is tried with Ax here: trials are read through the new space before any engine sees them."""


def edits():
    every = [(param, change) for param in kinds(slow=MULTI) for change in CHANGES]
    for param, change in every:
        slow = [pytest.mark.slow] if param.id == "ax" and change not in OF_AX else []
        yield pytest.param(*param.values, change, marks=[*param.marks, *slow], id=f"{param.id}-{change}")


@pytest.mark.parametrize(("kind", "change"), [*edits()])
def test_a_space_can_be_edited_under_a_history(kind, change):
    before, after = kind.history(kind.some(20, 60)), CHANGES[change]
    asked = kind.study(after)
    if kind.sampler == "cmaes" and change in WORDS_OR_CONDITIONS:
        with pytest.raises(Unsupported, match=r"(?s)'cmaes'.*tpe"):
            make_engine(asked)
        return
    more = kind.some(6, 1)
    trials = drive(asked, len(before) + more, lambda settings: measure({**BASE, **settings}), before)
    assert len(trials) == len(before) + more
    for done in trials[len(before) :]:
        check_fits(after, done.params)


ODD = [math.nan, math.inf, -math.inf, 0.0, 1e308]


def odd_history(searched, objectives):
    """A trial of every status and reason, with values of every kind."""
    rng = random.Random(3)
    rejections = (
        Rejection({"rank": 64, "batch": 4, "lr": 1e-4, "optimizer": "adam"}, "rank * batch <= 64", 0.7),
        Rejection({"rank": 16, "batch": 1, "lr": 1e-4, "optimizer": "adam"}, DUPLICATE_REASON),
        Rejection({"unknown": 1}, "of a space long ago", 1.0),
    )
    for number, (status, reason) in enumerate((status, reason) for status in TrialStatus for reason in (None, *Reason)):
        values = {"loss": rng.choice(ODD), "speed": 1.0} if status is TrialStatus.COMPLETE and reason else {}
        done = trial(
            number,
            searched.sample(BASE, rng),
            values,
            status=status,
            reason=reason,
            metrics={"loss": rng.choice([*ODD, None])},
            rejections=rejections,
            progress=rng.choice([None, 0.0, 0.4, 0.8]),
            engine="optuna 5.0.0 cmaes",
        )
        yield replace(done, last_step=rng.choice([None, 0, 17]), ended=rng.choice([None, 5.0, 7.0]))


def test_any_history_can_be_heard(kind):
    trials = list(odd_history(kind.space, kind.objectives))
    for length in range(kind.some(1, len(trials) - 1), len(trials), 9):
        check_fits(kind.space, ask(kind.study(), trials[:length]).params)


@pytest.mark.parametrize("reason", [Reason.NAN, Reason.OOM, Reason.CRASH])
def test_a_history_of_nothing_but_failures_can_be_heard(kind, reason):
    rng = random.Random(4)
    trials = [
        trial(
            number, kind.space.sample(BASE, rng), status=TrialStatus.FAILED, reason=reason, metrics={"loss": math.nan}
        )
        for number in range(12)
    ]
    check_fits(kind.space, ask(kind.study(), trials).params)


@pytest.mark.parametrize("loss", [0.0, 1e308, -1e308])
def test_a_history_of_equal_values_can_be_heard(kind, loss):
    trials = [replace(done, values={"loss": loss, "speed": 1.0}) for done in kind.history(8)]
    check_fits(kind.space, ask(kind.study(), trials).params)


NARROW = {
    "one in 3600": space([Int("a", 1, 60), Int("b", 1, 60)], "a * b == 3481"),
    "one in 1800, beside others": space([Int("a", 1, 60), Int("b", 1, 60), Int("c", 1, 10)], "a * b == 3540"),
    "none in 3600": space([Int("a", 1, 60), Int("b", 1, 60)], "a * b == 3541"),
}


def narrow():
    for param in kinds(slow=MULTI):
        for name in NARROW:
            slow = [pytest.mark.slow] if param.id == "ax" and "beside" in name else []
            yield pytest.param(*param.values, name, marks=[*param.marks, *slow], id=f"{param.id}-{name}")


@pytest.mark.parametrize(("kind", "name"), [*narrow()])
def test_a_tiny_feasible_share_does_not_stall(kind, name):
    asked, trials, slowest = kind.study(NARROW[name], base={}), [], 0.0
    count = kind.some(4, 6)
    for number in range(count):
        start = time.process_time()
        proposal = ask(asked, trials, number)
        slowest = max(slowest, time.process_time() - start)
        if proposal is None:
            break
        assert NARROW[name].margin({}, proposal.params) <= 0
        trials.append(ran(number, proposal, {"loss": float(number), "speed": 1.0}))
    assert len(trials) == {"one in 3600": 1, "one in 1800, beside others": count, "none in 3600": 0}[name]
    assert slowest < kind.some(2, 60), "the machine that tests may be busy; alone it takes a tenth of this"


SCARCE = space([Int("width", 16, 1024), Int("batch", 1, 64), Float("lr", 1e-5, 1e-1, log=True)], "width * batch <= 640")
"""About 3 in 100 are feasible."""


@pytest.mark.parametrize(
    "kind", kinds(*(name for name in KINDS if name not in ("grid", "tpe-multi", "nsga2-multi")), slow=MULTI)
)
def test_a_small_feasible_share_costs_few_rejections(kind):
    assert 0.02 < SCARCE.feasible_share({}) < 0.04

    def speed(settings):
        return {"loss": abs(math.log2(settings["width"]) - 7) + (math.log10(settings["lr"]) + 3) ** 2, "speed": 1.0}

    count = kind.some(30, 6)
    trials = drive(kind.study(SCARCE, base={}), count, speed)
    assert len(trials) == count
    assert all(SCARCE.margin({}, done.params) <= 0 for done in trials)
    assert max(len(done.rejections) for done in trials) <= 30


def test_an_expression_that_cannot_be_computed_everywhere_rules_out_only_those_points(kind):
    shaky = space([Int("a", 0, 4), Int("b", 0, 4)], "a / b >= 1", derived={"ratio": "10 // (a - 2)"})
    expected = {(a, b) for a in (0, 1, 3, 4) for b in (1, 2, 3, 4) if a >= b}
    known = [
        trial(number, shaky.settle({}, {"a": a, "b": b}), {"loss": a, "speed": b})
        for number, (a, b) in enumerate(sorted(expected)[: kind.some(0, len(expected) - 1)])
    ]
    trials = drive(
        kind.study(shaky, base={}), 100, lambda settings: {"loss": settings["a"], "speed": settings["b"]}, known
    )
    assert {(done.params["a"], done.params["b"]) for done in trials} == expected


def test_an_engine_is_silent(kind, capfd, caplog):
    caplog.set_level(logging.DEBUG, logger="optuna")
    caplog.set_level(logging.DEBUG, logger="ax")
    drive(kind.study(), kind.some(12, 7), measure)
    assert capfd.readouterr() == ("", "")
    assert caplog.messages == []


@pytest.mark.parametrize("kind", kinds())
def test_trials_are_not_altered(kind):
    asked, trials = kind.study(), kind.history(12)
    before = repr(trials)
    ask(asked, trials)
    assert repr(trials) == before


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
    return [min(losses(drive(replace_sampler(one, sampler or kind.sampler), count, quadratic))) for one in asked]


@pytest.mark.parametrize("kind", kinds(*LEARNING, slow=SLOW_MULTI))
def test_it_beats_random_search_on_a_quadratic(kind):
    """After 60 trials; those that think for seconds have learned more after a quarter of that."""
    chance = found_after(kind, 60, 12, "random")
    found = found_after(kind, kind.some(60, 15), kind.some(3, 1))
    assert statistics.mean(found) < statistics.mean(chance) * (0.5 if kind.sampler != "nsga2" else 0.8)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", kinds(*PATIENT))
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


@pytest.mark.parametrize("kind", kinds())
def test_what_was_made_up_for_an_engine_never_leaves_it(kind):
    """A proposal holds values of the space, and real margins of real constraints: nothing else comes out."""
    trials = [replace(done, values=None, status=TrialStatus.FAILED, reason=Reason.NAN) for done in kind.history(4)]
    trials += [replace(done, number=done.number + 4) for done in kind.history(kind.some(16, 12))]
    asked, before = kind.study(), repr(trials)
    for number in range(len(trials), len(trials) + kind.some(8, 1)):
        proposal = ask(asked, trials, number)
        check_fits(kind.space, proposal.params)
        for one in proposal.rejections:
            margin = kind.space.margin(BASE, kind.space.settle(BASE, one.params))
            assert one.margin == (0.0 if one.why == DUPLICATE_REASON else margin)
    assert repr(trials) == before


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


def test_what_another_study_has_run_may_be_run_here(kind):
    known = elsewhere(kind.history(12))
    searched = space([RANK])
    trials = [trial(-n, {"rank": rank}, {"loss": 1.0, "speed": 1.0}) for n, rank in enumerate((8, 16, 32, 64), start=1)]
    small = kind.study(searched)
    found = []
    for number in range(4):
        found.append(ran(number, ask(small, [*trials, *found], number), {"loss": 1.0, "speed": 1.0}))
    assert sorted(done.params["rank"] for done in found) == [8, 16, 32, 64]
    assert ask(small, [*trials, *found], 4) is None
    check_fits(kind.space, ask(kind.study(), known, 0).params)
