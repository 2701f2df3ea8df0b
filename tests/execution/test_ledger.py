"""The ledger of trials: whatever was put into it, it says what one made anew from the same trials says."""

from __future__ import annotations

import random
from dataclasses import replace

from hptui.core.trial import Reason, Role, StudyState, Trial, TrialStatus
from hptui.execution.plan import PlanState, plan, trials_left
from hptui.execution.trial_ledger import TrialLedger

REASONS = (None, Reason.FINISHED, Reason.CRASH, Reason.USAGE, Reason.NO_METRIC, Reason.USER, Reason.RUNG)


def drawn(draw: random.Random, number: int) -> Trial:
    status = draw.choices(list(TrialStatus), [3, 3, 1, *[4] * (len(TrialStatus) - 3)])[0]
    return Trial(
        number,
        "",
        status,
        draw.choice(list(Role)),
        {name: 1 for name in "ab" if draw.random() < 0.5},
        reason=draw.choice(REASONS),
        message=draw.choice(("boom", "unrecognized arguments: --x")),
        ended=draw.choice((None, 1.0, 2.0, 3.0, 4.0, 5.0)),
        attempts=draw.choice((0, 0, 1)),
        stage=draw.choice(("", "a")),
    )


def test_a_ledger_that_followed_changes_plans_as_a_new_one() -> None:
    seen = set()
    for seed in range(150):
        draw = random.Random(seed)
        ledger = TrialLedger()
        for _ in range(60):
            number = draw.randint(0, min(len(ledger), 12))
            ledger[number] = drawn(draw, number)
            state = PlanState(
                draw.choice((*[StudyState.RUNNING] * 4, StudyState.DRAINING)),
                ledger,
                free_slots=draw.randint(0, 3),
                budget=draw.choice((None, 4, 20)),
                since=draw.choice((0.0, 2.0, 4.5)),
                stop_reason=draw.choice(("", "", "over")),
                stage=draw.choice(("", "a")),
            )
            anew = replace(state, trials=sorted(ledger.values(), key=lambda trial: trial.number))
            actions = plan(state)
            assert actions == plan(anew)
            assert trials_left(state) == trials_left(anew)
            seen |= {type(action) for action in actions}
    assert len(seen) >= 4


def test_numbers_of_trials_stay_in_their_order() -> None:
    draw = random.Random(1)
    ledger = TrialLedger(drawn(draw, number) for number in range(20))
    for number in (3, 19, 0):
        ledger[number] = drawn(draw, number)
    assert [trial.number for trial in ledger.in_order()] == list(range(20))
    del ledger[3]
    assert 3 not in ledger
    assert all(trial.number != 3 for trial in (*ledger.in_order(), *ledger.waiting()))
