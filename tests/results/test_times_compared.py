"""Times of trials are compared where all of them went into the results, not where work was lost and done again."""

from itertools import product

import pytest

from hptui.core.trial import Attempt, AttemptState, Role
from tests.results.examples import STUDY, report_of
from tests.results.seeds import one

DONE, PAUSED, LOST, FAILED = AttemptState.DONE, AttemptState.PAUSED, AttemptState.LOST, AttemptState.FAILED
HISTORIES = [(DONE,), (PAUSED, DONE), (LOST, DONE), (FAILED, DONE), (PAUSED, LOST, DONE)]


@pytest.mark.parametrize(("best", "other"), [*product(HISTORIES, HISTORIES)])
def test_times_are_compared_only_where_no_work_was_lost(best, other):
    trials = [
        one(0, {}, {"val_loss": 1.01}, role=Role.BASELINE, seconds=100.0),
        one(1, {"a": 0.2, "b": 4}, {"val_loss": 1.0}, seconds=400.0),
        one(2, {"a": 0.9, "b": 9}, {"val_loss": 3.0}, seconds=400.0),
        one(3, {"a": 0.7, "b": 2}, {"val_loss": 5.0}, seconds=400.0),
    ]
    states = {0: other, 1: best, 2: (DONE,), 3: (DONE,)}
    attempts = {
        number: [
            Attempt(f"{number}-{n}", number, n, state, started=1e9 + n, seconds=50.0) for n, state in enumerate(own)
        ]
        for number, own in states.items()
    }
    text, _ = report_of(trials, STUDY, attempts=attempts)
    is_compared = not {LOST, FAILED} & {*best, *other}
    assert (
        "The baseline comes close" in text or "Trial 0 comes close" in text or "comes close:" in text
    ) is is_compared
    assert ("the best took" in text) is is_compared
