"""What follows the changes of trials says what one made anew from the same trials says: whatever was changed."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from hptui.core.parameters import Float, Int
from hptui.core.study import Search, Stage
from hptui.core.trial import FROM_STEP, FROM_TRIAL, Reason, Role, TrialStatus
from hptui.core.trial_history import NumberRanges, TrialHistory
from hptui.execution.proposals import KnownTrials
from hptui.execution.stages import EngineTrials, StageState, trials_for_engine
from hptui.execution.trial_ledger import TrialLedger
from hptui.search.history import Identities, known_identities
from hptui.search.memory import EvidenceFollower, capacity_gib, evidence_of
from hptui.search.projection import SpaceProjection
from hptui.store.records import pack_numbers, unpack_numbers
from tests.execution.test_ledger import drawn as drawn_for_a_ledger
from tests.search.kit import space
from tests.search.kit import study as made

SPACE = space([Float("a", 0, 1), Int("b", 1, 4)])
STAGES = (Stage("a", set={"steps": 5}), Stage("b", seeds=3), Stage("c"))


def drawn(draw, number):
    trial = drawn_for_a_ledger(draw, number)
    facts = draw.choice(({}, {}, {FROM_TRIAL: 1, FROM_STEP: 2}, {"memory_capacity_gb": draw.choice((8.0, 16.0))}))
    facts |= {"peak_gpu_allocated_gb": draw.uniform(1, 20)} if draw.random() < 0.3 else {}
    return replace(
        trial,
        params={"a": round(draw.random(), 1), "b": draw.randint(1, 4)},
        reason=draw.choice((trial.reason, Reason.OOM)),
        values={"loss": draw.random()} if trial.status is TrialStatus.COMPLETE and draw.random() < 0.8 else None,
        replicate_of=draw.choice([n for n in range(13) if n != number]) if draw.random() < 0.2 else None,
        stage=draw.choice(("", "a", "b", "c")),
        facts=facts,
    )


@pytest.mark.parametrize("stage", ["", "a", "b"])
def test_what_follows_changes_says_what_is_made_anew(stage):
    study = replace(made(SPACE, "random"), search=Search(sampler="random"), stages=STAGES if stage else ())
    part, base = StageState(stage), {"steps": 3, "a": 0.5, "b": 2}
    projection = SpaceProjection(SPACE, base)
    for seed in range(25):
        draw, ledger = random.Random(seed), TrialLedger()
        engine_trials, identities = EngineTrials(study, part, base), Identities(projection)
        memory, known = EvidenceFollower(), KnownTrials()
        for _ in range(30):
            for _ in range(draw.choice((1, 1, 4))):
                number = draw.randint(0, min(len(ledger), 14))
                if number in ledger and draw.random() < 0.1:
                    del ledger[number]
                else:
                    ledger[number] = drawn(draw, number)
            trials = sorted(ledger.values(), key=lambda trial: trial.number)
            assert list(ledger.history) == trials
            learnt = engine_trials.of(ledger.history)
            assert list(learnt) == trials_for_engine(study, part, trials, base)
            assert set(identities.of(learnt)) == known_identities(projection, learnt)
            capacity = capacity_gib(trials)
            assert memory.known(ledger.history) == (capacity, evidence_of(trials, capacity) if capacity else [])
            known.catch_up(learnt)
            assert list(known.ended) == [trial.number for trial in learnt if not trial.status.open]
            assert sorted(known.at_rungs) == [trial.number for trial in learnt if trial.is_at_rung]
            assert set(known.imported) == {trial.number for trial in learnt if trial.role is Role.IMPORTED}


def test_a_follower_of_another_history_or_of_a_list_forgets_the_first():
    projection = SpaceProjection(SPACE, {})
    draw, identities = random.Random(3), Identities(projection)
    for _ in range(20):
        trials = [drawn(draw, number) for number in range(draw.randint(0, 6))]
        given = TrialHistory(trials) if draw.random() < 0.5 else trials
        assert set(identities.of(given)) == known_identities(projection, trials)


def test_ranges_of_numbers_are_the_set_of_them():
    for seed in range(60):
        draw, ranges, expected = random.Random(seed), NumberRanges(), set()
        for _ in range(60):
            number = draw.randint(-3, 15)
            if draw.random() < 0.6:
                ranges.add(number)
                expected.add(number)
            else:
                ranges.discard(number)
                expected.discard(number)
            assert list(ranges) == sorted(expected)
            assert len(ranges) == len(expected)
            shuffled = draw.sample(sorted(expected), len(expected)) + sorted(expected)[:2]
            assert NumberRanges(shuffled).ranges() == ranges.ranges()
            gaps = [low - high for (_, high), (low, _) in zip(ranges.ranges(), ranges.ranges()[1:], strict=False)]
            assert all(gap > 1 for gap in gaps)
            if min(expected, default=0) >= 0:
                assert unpack_numbers(pack_numbers(ranges.copy())) == tuple(sorted(expected))


def test_changes_since_any_position_are_all_of_them_and_what_is_kept_does_not_grow():
    draw, history, log = random.Random(7), TrialHistory(), []
    trials = {number: drawn(draw, number) for number in range(12)}
    positions = {0: 0}
    for _ in range(2000):
        number = draw.randrange(12)
        if history.find(number) is not None and draw.random() < 0.2:
            history.remove(number)
        else:
            history.put(trials[number])
        log.append(number)
        positions[len(log)] = history.changes(0)[0]
        since = draw.choice((0, len(log) - 1, draw.randint(max(0, len(log) - 15), len(log)), len(log)))
        assert history.changes(positions[since]) == (positions[len(log)], set(log[since:]))
    assert sum(len(kept) for kept in vars(history).values() if hasattr(kept, "__len__")) <= 3 * 12
