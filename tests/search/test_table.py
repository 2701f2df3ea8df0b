"""What a Gaussian process is told: numbers for everything, and none that hides the others."""

import random

import pytest

from hptui.core.parameters import Float
from hptui.core.trial import Reason, TrialStatus
from hptui.search.feasible import FeasibleSampler
from hptui.search.history import read_history
from hptui.search.learning_engine import AskContext
from hptui.search.projection import SpaceProjection
from hptui.search.training_table import training_table
from tests.search.kit import LOSS, LOSS_AND_SPEED, space, study, trial

SPACE = space([Float("x", 0, 1)])


def told(values, objectives=LOSS):
    """The values of a history, as a model hears them."""
    trials = [trial(n, {"x": n / len(values)}, one) for n, one in enumerate(values)]
    made, lens = study(SPACE, "gp", objectives=objectives), SpaceProjection(SPACE, {})
    table = training_table(
        AskContext(made, lens, FeasibleSampler(lens), tuple(trials), read_history(lens, made, trials), len(trials))
    )
    return [row.values for row in table.rows]


def test_one_loss_that_diverged_does_not_hide_the_others():
    usual = [0.3, 0.35, 0.4, 0.45, 0.5, 0.6]
    found = [one for (one,) in told([{"loss": value} for value in (*usual, 39.9)])]
    assert found[:-1] == usual
    assert max(usual) < found[-1] < 1.0


def test_what_is_far_better_is_told_as_it_is():
    found = [one for (one,) in told([{"loss": value} for value in (0.3, 0.35, 0.4, 0.45, 0.5, 0.001)])]
    assert found[-1] == 0.001


def test_each_objective_has_its_own_side():
    shape = [{"loss": 1.0 + n / 10, "speed": 5.0 - n / 10} for n in range(6)]
    found = told([*shape, {"loss": 100.0, "speed": -100.0}, {"loss": -100.0, "speed": 100.0}], LOSS_AND_SPEED)
    assert found[-1] == (-100.0, 100.0)
    assert 1.0 < found[-2][0] < 10
    assert -10 < found[-2][1] < 5.0


@pytest.mark.parametrize("value", [0.0, 2.5])
def test_equal_values_stay_equal(value):
    assert set(told([{"loss": value}] * 6)) == {(value,)}


class Edge:
    """A learnt limit on x: what is above 0.6 exceeds it."""

    def excess(self, params):
        return params.get("x", 0.0) - 0.6

    def margin(self, params):
        return max(0.0, self.excess(params))

    def text(self, params):
        return "memory: too much"


@pytest.mark.parametrize("constraints", [(), ("x <= 0.9",)], ids=["", "constraint"])
@pytest.mark.parametrize("wall", [None, Edge()], ids=["", "learnt"])
@pytest.mark.parametrize("seed", range(4))
def test_each_limit_is_known_of_every_row_and_kept_by_what_has_run(constraints, wall, seed):
    """A limit of which only the missed side were known would tell a model that nothing keeps it."""
    draw = random.Random(seed)
    made = study(space([Float("x", 0, 1)], *constraints), "gp")
    trials = []
    for n in range(12):
        params = {"x": draw.uniform(0, 0.85)}
        refused = {"x": draw.uniform(0.61, 1.0)}
        lens = SpaceProjection(made.space, {}, wall)
        _, rejection = lens.judge(refused, frozenset())
        out = n % 3 == 2
        status = {"status": TrialStatus.FAILED, "reason": Reason.OOM} if out else {}
        rejections = (rejection,) if rejection and rejection.margin > 0 else ()
        trials.append(trial(n, params, None if out else {"loss": params["x"]}, rejections=rejections, **status))
    history = read_history(lens, made, trials)
    table = training_table(AskContext(made, lens, FeasibleSampler(lens), tuple(trials), history, len(trials)))
    names = {"memory"} | ({"constraints"} if constraints else set())
    assert {frozenset(row.limits) for row in table.rows[: len(trials)]} == {frozenset(names)}
    for row in table.rows:
        assert row.limits.keys() <= names
        if row.values:
            assert max(row.limits.values()) < 0
        else:
            assert max(row.limits.values()) > 0
    if wall is not None or constraints:
        assert len(table.rows) > len(trials)
        missed = table.missed_row({"x": 0.95})
        assert min(missed.limits.values()) > 0
        assert names - {"memory" if wall is None else ""} == missed.limits.keys()
