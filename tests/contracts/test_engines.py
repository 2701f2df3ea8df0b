"""Every built-in sampler keeps what a sampler promises: the suite that is shipped for those of other packages.

With several objectives an engine shares all but its model's sampler with itself: those have their turn with `-m slow`,
but for what concerns that. Of the slow engines the libraries take seconds to load: each has a process of its own.
"""

import pytest

from hptui import plugins
from hptui.core.study import Objective
from hptui.testing.engine_stage import CHANGES, NARROW, NUMBERS
from hptui.testing.engines import EngineContract
from hptui.testing.searches import LOSS_AND_SPEED


class BuiltIn(EngineContract):
    """Of all of them at once, `test_learning` shows that proposals do not depend on the process."""

    test_proposals_do_not_depend_on_the_process = None


class TestGrid(BuiltIn):
    sampler = "grid"
    continuous = False


class TestRandom(BuiltIn):
    sampler = "random"


class TestQmc(BuiltIn):
    sampler = "qmc"


class TestTpe(BuiltIn):
    sampler = "tpe"


class TestCmaes(BuiltIn):
    sampler = "cmaes"
    space = NUMBERS
    refused_changes = frozenset({"another kind", "conditional now"})


class TestNsga2(BuiltIn):
    sampler = "nsga2"


@pytest.mark.xdist_group("gp")
class TestGp(BuiltIn):
    sampler = "gp"
    slow = True


OF_AX = {"narrowed", "added", "conditional now", "nothing in common"}
"""What is tried with Ax here: trials are read through the new space before any engine sees them."""


def slow_unless(names, chosen):
    return [pytest.param(name, marks=[] if name in chosen else [pytest.mark.slow]) for name in names]


@pytest.mark.xdist_group("ax")
class TestAx(BuiltIn):
    sampler = "ax"
    slow = True

    @pytest.mark.parametrize("change", slow_unless(CHANGES, OF_AX))
    def test_a_space_can_be_edited_under_a_history(self, change):
        super().test_a_space_can_be_edited_under_a_history(change)

    @pytest.mark.parametrize("name", slow_unless(NARROW, ("one in 3600", "none in 3600")))
    def test_a_tiny_feasible_share_does_not_stall(self, name):
        super().test_a_tiny_feasible_share_does_not_stall(name)


@pytest.mark.slow
class TestTpeWithTwoObjectives(TestTpe):
    objectives: tuple[Objective, ...] = LOSS_AND_SPEED


@pytest.mark.slow
class TestNsga2WithTwoObjectives(TestNsga2):
    objectives: tuple[Objective, ...] = LOSS_AND_SPEED


@pytest.mark.slow
class TestGpWithTwoObjectives(TestGp):
    objectives: tuple[Objective, ...] = LOSS_AND_SPEED


@pytest.mark.slow
class TestAxWithTwoObjectives(TestAx):
    objectives: tuple[Objective, ...] = LOSS_AND_SPEED


TWO = (TestTpeWithTwoObjectives, TestNsga2WithTwoObjectives, TestGpWithTwoObjectives, TestAxWithTwoObjectives)


@pytest.mark.parametrize(
    "contract",
    [pytest.param(kind, marks=[pytest.mark.xdist_group(kind.sampler)] if kind.slow else []) for kind in TWO],
    ids=lambda kind: kind.sampler,
)
def test_with_two_objectives_nothing_made_up_leaves_and_nothing_is_altered(contract):
    contract().test_what_was_made_up_for_an_engine_never_leaves_it()
    contract().test_trials_are_not_altered()


def test_every_built_in_sampler_is_here():
    tested = {kind.sampler for kind in (TestGrid, TestRandom, TestQmc, TestTpe, TestCmaes, TestNsga2, TestGp, TestAx)}
    assert tested | {"list"} == set(plugins.names("samplers"))  # `list` proposes nothing
