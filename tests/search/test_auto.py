"""`sampler = "auto"` follows its rule, and says what it chose and why."""

from dataclasses import replace

import pytest

from hptui.core.expressions import parse
from hptui.core.parameters import Choice, Float, Int
from hptui.core.unit_cube import fraction_of
from hptui.search.engine import MAX_GP_TRIALS, choose_sampler, make_engine
from tests.search.kit import LOSS, LOSS_AND_SPEED, drive, space, study

LR = Float("lr", 1e-5, 1e-1, log=True)
SMALL = space([Choice("rank", (8, 16, 32)), Choice("batch", (1, 2))], "rank * batch <= 32")
BRANCHES = space([LR, Choice("optimizer", ("adam", "sgd")), Float("momentum", 0, 1, when=parse("optimizer == 'sgd'"))])
LIMITED = parse("memory <= 16")


def chosen(searched, *, trials=30, objectives=LOSS, **search):
    made = study(searched, "auto", objectives=objectives)
    return choose_sampler(replace(made, search=replace(made.search, trials=trials, **search)), {})


@pytest.mark.parametrize(
    ("found", "sampler", "why"),
    [
        (chosen(space([LR])), "gp", "fewest trials"),
        (chosen(space([LR]), trials=None), "gp", "fewest trials"),
        (chosen(space([LR]), objectives=LOSS_AND_SPEED), "gp", "fewest trials"),
        (chosen(SMALL), "grid", "only 5 configurations"),
        (chosen(SMALL, trials=5), "grid", "only 5 configurations"),
        (chosen(SMALL, trials=4), "gp", "fewest trials"),
        (chosen(SMALL, trials=None), "grid", "only 5 configurations"),
        (chosen(BRANCHES), "tpe", "beside certain values of others"),
        (chosen(space([LR]), trials=MAX_GP_TRIALS), "gp", "fewest trials"),
        (chosen(space([LR]), trials=MAX_GP_TRIALS + 1), "tpe", "over 250 trials"),
        (chosen(space([LR]), objectives=LOSS_AND_SPEED, outcome=(LIMITED,)), "ax", "conditions on the outcome"),
        (chosen(space([LR]), outcome=(LIMITED,)), "gp", "fewest trials"),
    ],
)
def test_the_rule(found, sampler, why):
    assert found.sampler == sampler
    assert why in found.why


def test_a_sampler_that_is_named_is_taken():
    assert choose_sampler(study(SMALL, "tpe"), {}).sampler == "tpe"


def test_the_engine_is_the_one_that_was_chosen():
    assert make_engine(study(SMALL, "auto")).name == "grid"
    assert make_engine(study(BRANCHES, "auto")).name.endswith(" tpe")


@pytest.mark.parametrize("seed", range(4))
def test_the_first_trials_are_the_middle_and_three_in_three_quarters_of_every_range(seed):
    searched = space([Float("x", 0, 1), LR, Int("n", 1, 40), Choice("rank", (1, 2, 4, 8))])
    first, *rest = drive(study(searched, "auto", seed=seed), 4, lambda settings: {"loss": settings["x"]})
    assert first.params == {"x": 0.5, "lr": pytest.approx(1e-3), "n": 20, "rank": 4}
    quarters = [[int(4 * fraction_of(one, done.params[one.name])) for one in searched.parameters] for done in rest]
    assert [len(set(column)) for column in zip(*quarters, strict=True)] == [3] * 4


def test_values_that_cannot_be_counted_are_not_gone_through():
    """A thousand million combinations, of which few are feasible: nobody waits for their number."""
    assert chosen(space([Int(name, 1, 1000) for name in "abc"], "a * b * c <= 2")).sampler == "gp"
