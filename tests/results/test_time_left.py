"""The time left is close to the truth: simulated studies whose end is known."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from hptui.core.trial import TrialStatus
from hptui.results.time_left import TimeLeft, time_left
from hptui.results.view import read_view
from tests.operations.made import make, trial

TOTAL = 80


def simulate(seed, *, parallel, mean, gap, paused_after=None, pause=3600.0):
    """Return trials as a runner would have started them: `gap` seconds lie between two trials of a slot."""
    rng = random.Random(seed)
    free = [0.0] * parallel
    trials = []
    for number in range(TOTAL):
        slot = min(range(parallel), key=free.__getitem__)
        if number == paused_after:
            free = [max(free) + pause] * parallel
        seconds = mean * rng.uniform(0.6, 1.4)
        began = free[slot] + gap * rng.uniform(0.5, 1.5)
        free[slot] = began + seconds
        trials.append(trial(number, "complete", loss=1.0, started=began, ended=free[slot], seconds=seconds))
    return trials


def at(trials, now):
    """Return the trials as they were at a time: ended, running or not there yet."""
    return tuple(
        one
        if one.ended <= now
        else replace(one, status=type(one.status)("running"), ended=None, values=None, seconds=0.0)
        for one in trials
        if one.started <= now
    )


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    study = read_view(make(tmp_path_factory.mktemp("home")))
    search = replace(study.study.search, trials=TOTAL)
    return replace(study, study=replace(study.study, search=search))


@pytest.mark.parametrize(("mean", "gap"), [(0.1, 0.5), (2.0, 1.0), (600.0, 2.0)])
@pytest.mark.parametrize("parallel", [1, 2, 8])
def test_the_end_lies_in_the_range(view, parallel, mean, gap):
    inside, ratios = 0, []
    for seed in range(60):
        trials = simulate(seed, parallel=parallel, mean=mean, gap=gap)
        now = trials[40].started + 0.5 * mean
        left = time_left(replace(view, trials=at(trials, now)), now)
        truth = max(one.ended for one in trials) - now
        ratios.append(left.seconds / truth)
        slack = 0.05 * truth + mean  # the last trial of each slot ends when it ends
        inside += left.low - slack <= truth <= left.high + slack
    assert inside >= 54
    assert 0.8 <= sorted(ratios)[30] <= 1.2


def test_a_pause_is_no_part_of_the_pace(view):
    for seed in range(20):
        trials = simulate(seed, parallel=2, mean=5.0, gap=0.5, paused_after=35)
        now = trials[45].started
        left = time_left(replace(view, trials=at(trials, now)), now)
        truth = max(one.ended for one in trials) - now
        assert left.seconds == pytest.approx(truth, rel=0.3)


@pytest.mark.parametrize("together", [2, 4, 8, 16])
def test_trials_that_begin_and_end_together_are_no_hurry(view, together):
    """Trials that share a process end within moments of each other, and then as many begin."""
    trials = []
    for number in range(TOTAL):
        turn = number // together
        began, ended = 10.0 * turn, 10.0 * (turn + 1) - 0.01 * (number % together)
        trials.append(trial(number, "complete", loss=1.0, started=began, ended=ended, seconds=ended - began))
    for turns in range(1, TOTAL // together):
        now = 10.0 * turns + 1.0
        left = time_left(replace(view, trials=at(trials, now)), now)
        truth = max(one.ended for one in trials) - now
        assert 0.6 * truth - 5 <= left.seconds <= 1.6 * truth + 5


@pytest.mark.parametrize("parallel", [1, 2, 4])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("start", [0.0, 0.3, 0.8])
def test_what_the_last_trials_still_take_is_neither_added_up_nor_blown_up_by_their_start(view, parallel, share, start):
    """The last trials run at once; a share `start` of their time passes before the first step."""
    mean, count = 10.0, 6
    ended = [trial(n, "complete", loss=1.0, started=mean * n, ended=mean * (n + 1), seconds=mean) for n in range(count)]
    began, progress = mean * count, max(0.0, share - start) / (1 - start)
    running = [
        replace(
            trial(count + n, "complete", loss=1.0, started=began, ended=began + mean, seconds=0.0),
            status=TrialStatus.RUNNING,
            ended=None,
            values=None,
            progress=progress,
        )
        for n in range(parallel)
    ]
    last = replace(view, study=replace(view.study, search=replace(view.study.search, trials=count + parallel)))
    left = time_left(replace(last, trials=(*ended, *running)), began + share * mean)
    truth = (1 - share) * mean
    assert truth - 0.01 <= left.seconds <= truth + start * mean + 0.01
    assert left.low == left.high == left.seconds


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (TimeLeft(42, 42, 42), "42 s"),
        (TimeLeft(600, 480, 780), "~8 to 13 min"),
        (TimeLeft(80, 60, 100), "60 s to 2 min"),
        (TimeLeft(7000, 4800, 9000), "~80 min to 2.5 h"),
        (TimeLeft(601, 600, 602), "~10 min"),
    ],
)
def test_a_range_is_said_in_few_words(left, text):
    assert left.text == text


@pytest.mark.parametrize(("mean", "gap"), [(0.05, 0.4), (0.1, 2.0), (1.0, 0.5), (30.0, 1.0)])
@pytest.mark.parametrize("parallel", [1, 2, 4])
@pytest.mark.parametrize("places", [2, 3, 4])
def test_what_lies_between_short_trials_counts_before_there_is_a_pace(view, mean, gap, parallel, places):
    ratios = []
    for seed in range(20):
        trials = simulate(seed, parallel=parallel, mean=mean, gap=gap)
        ended = sorted(one.ended for one in trials)
        now = next(one.started for one in trials if one.started > ended[places - 1])
        seen = at(trials, now)
        if sum(one.status is TrialStatus.RUNNING for one in seen) < parallel:
            continue  # a place is empty: how many there are is not known
        left = time_left(replace(view, trials=seen), now)
        ratios.append(left.seconds / (max(ended) - now))
    assert len(ratios) < 5 or 0.6 <= sorted(ratios)[len(ratios) // 2] <= 1.5
