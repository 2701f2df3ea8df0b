"""Ax keeps what a sampler promises."""

import pytest

from hptui.core.study import Objective
from hptui.testing.engine_stage import CHANGES, NARROW
from hptui.testing.searches import LOSS_AND_SPEED
from tests.contracts.test_engines import BuiltIn

pytestmark = pytest.mark.torch

CHOSEN = {"narrowed", "added", "conditional now", "nothing in common", "one in 3600", "none in 3600"}
"""What is tried with Ax here: trials are read through the new space before any engine sees them."""


def with_slow(names):
    return [pytest.param(name, marks=[] if name in CHOSEN else [pytest.mark.slow]) for name in names]


class TestAx(BuiltIn):
    sampler = "ax"
    slow = True

    @pytest.mark.parametrize("change", with_slow(CHANGES))
    def test_a_space_can_be_edited_under_a_history(self, change):
        super().test_a_space_can_be_edited_under_a_history(change)

    @pytest.mark.parametrize("name", with_slow(NARROW))
    def test_a_tiny_feasible_share_does_not_stall(self, name):
        super().test_a_tiny_feasible_share_does_not_stall(name)


@pytest.mark.slow
class TestAxWithTwoObjectives(TestAx):
    objectives: tuple[Objective, ...] = LOSS_AND_SPEED


def test_with_two_objectives_nothing_made_up_leaves_and_nothing_is_altered():
    TestAxWithTwoObjectives().test_what_was_made_up_for_an_engine_never_leaves_it()
    TestAxWithTwoObjectives().test_trials_are_not_altered()
