"""The Gaussian process keeps what a sampler promises."""

import pytest

from hptui.core.study import Objective
from hptui.testing.searches import LOSS_AND_SPEED
from tests.contracts.test_engines import BuiltIn

pytestmark = pytest.mark.torch


class TestGp(BuiltIn):
    sampler = "gp"
    slow = True


@pytest.mark.slow
class TestGpWithTwoObjectives(TestGp):
    objectives: tuple[Objective, ...] = LOSS_AND_SPEED


def test_with_two_objectives_nothing_made_up_leaves_and_nothing_is_altered():
    TestGpWithTwoObjectives().test_what_was_made_up_for_an_engine_never_leaves_it()
    TestGpWithTwoObjectives().test_trials_are_not_altered()
