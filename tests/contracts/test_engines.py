"""Every built-in sampler keeps what a sampler promises: the suite that is shipped for those of other packages.

With several objectives an engine shares all but its model's sampler with itself: those have their turn with `-m slow`,
but for what concerns that. The slow engines, whose libraries take seconds to load, are in files of their own.
"""

import pytest

from hptui import plugins
from hptui.core.study import Objective
from hptui.testing.engine_stage import NUMBERS
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


@pytest.mark.slow
class TestTpeWithTwoObjectives(BuiltIn):
    sampler = "tpe"
    objectives: tuple[Objective, ...] = LOSS_AND_SPEED


@pytest.mark.slow
class TestNsga2WithTwoObjectives(BuiltIn):
    sampler = "nsga2"
    objectives: tuple[Objective, ...] = LOSS_AND_SPEED


@pytest.mark.parametrize("contract", [TestTpeWithTwoObjectives, TestNsga2WithTwoObjectives])
def test_with_two_objectives_nothing_made_up_leaves_and_nothing_is_altered(contract):
    contract().test_what_was_made_up_for_an_engine_never_leaves_it()
    contract().test_trials_are_not_altered()


def test_every_built_in_sampler_is_here():
    tested = {kind.sampler for kind in (TestGrid, TestRandom, TestQmc, TestTpe, TestCmaes, TestNsga2)}
    # `list` proposes nothing; `gp` and `ax` are in `test_gp` and `test_ax`
    assert tested | {"list", "gp", "ax"} == set(plugins.names("samplers"))
